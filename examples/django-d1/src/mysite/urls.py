from django.urls import path
from notes import views

urlpatterns = [
    path("migrate", views.migrate),
    path("notes", views.notes),
    path("notes/add", views.add),
]
