"""Django with its ORM over D1, by django-cf."""

from django_cf import DjangoCF
from workers import WorkerEntrypoint


class Default(DjangoCF, WorkerEntrypoint):
    async def get_app(self):
        from mysite.wsgi import application

        return application
