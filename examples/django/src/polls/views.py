from django.http import JsonResponse
from django.shortcuts import redirect, render
from pyodide.ffi import run_sync

CHOICES = ["tea", "coffee"]


def the_poll(request, name):
    return request.environ["workers.env"].POLLS.getByName(name)


def poll(request, name):
    if request.method == "POST":
        run_sync(the_poll(request, name).vote(request.POST["choice"]))
        return redirect(request.path)
    votes = run_sync(the_poll(request, name).votes())
    counted = [(choice, votes.get(choice, 0)) for choice in CHOICES]
    return render(request, "polls/poll.html", {"name": name, "votes": counted})


def votes(request, name):
    return JsonResponse(run_sync(the_poll(request, name).votes()))
