"""Django inside an object: its ORM keeps everything in the object's own SQLite, by django-cf."""

from django_cf import DjangoCFDurableObject
from workers import DurableObject, WorkerEntrypoint


class Site(DjangoCFDurableObject, DurableObject):
    async def get_app(self):
        from mysite.wsgi import application

        return application


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await self.env.SITE.getByName("site").fetch(request)
