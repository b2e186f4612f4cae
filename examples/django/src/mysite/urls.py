from django.urls import path
from polls import views

urlpatterns = [path("<slug:name>/", views.poll), path("<slug:name>/votes.json", views.votes)]
