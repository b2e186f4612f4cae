from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "for development only"
DEBUG = True
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "mysite.urls"
WSGI_APPLICATION = "mysite.wsgi.application"
INSTALLED_APPS = ["notes"]
MIDDLEWARE = [
    "django.middleware.common.CommonMiddleware",
]
DATABASES = {"default": {"ENGINE": "django_cf.d1_binding", "CLOUDFLARE_BINDING": "DB"}}
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
