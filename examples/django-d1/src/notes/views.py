from django.core.management import call_command
from django.http import JsonResponse
from notes.models import Note


def migrate(request):
    call_command("migrate", verbosity=0)
    return JsonResponse({"migrated": True})


def notes(request):
    found = sorted(Note.objects.all(), key=lambda note: note.id)
    return JsonResponse({"notes": [{"id": note.id, "text": note.text} for note in found]})


def add(request):
    note = Note.objects.create(text=request.GET["text"])
    return JsonResponse({"count": Note.objects.count(), "text": note.text})
