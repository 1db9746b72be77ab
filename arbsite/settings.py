"""The site's settings: one file; what differs between machines is read from the environment.

Without DATABASE_URL or REDIS_URL the private servers of the data directory are used (`local.py`).
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from kombu.entity import Queue

from arbsite import env, local, logs
from arbsite.unfold import UNFOLD as UNFOLD

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("ARBSITE_DATA", str(BASE_DIR / ".local"))).resolve()

# --- who we are to the outside --------------------------------------------------------------------

DEBUG = env.flag("ARBSITE_DEBUG")
TESTING = env.flag("TESTING")
HOSTS = env.words("ARBSITE_HOSTS")
# Without a public name the site answers on this machine alone, over plain http.
IS_LOCAL = not HOSTS
ALLOWED_HOSTS = HOSTS or ["localhost", "127.0.0.1", "[::1]"]
SECRET_KEY = env.secret("SECRET_KEY") or local.kept_secret(DATA_DIR, "secret_key")
# Wraps the data keys of stored credentials; older ones only open, until `rotate_keys` has run.
MASTER_KEY = env.secret("ARBSITE_MASTER_KEY") or local.kept_secret(DATA_DIR, "master_key")
MASTER_KEYS_OLD = env.secret("ARBSITE_MASTER_KEY_OLD")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not IS_LOCAL
SECURE_PROXY_SSL_HEADER = None if IS_LOCAL else ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 0 if IS_LOCAL else 31_536_000
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# A session ends after so long without a request, and after the longest time however busy.
SESSION_COOKIE_AGE = 3600 * env.integer("ARBSITE_IDLE_HOURS", 12, low=1, high=720)
SESSION_LONGEST_SECONDS = 86_400 * env.integer("ARBSITE_SESSION_DAYS", 7, low=1, high=90)
# An admin's is shorter.
ADMIN_IDLE_SECONDS = 3600 * env.integer("ARBSITE_ADMIN_IDLE_HOURS", 4, low=1, high=720)
ADMIN_LONGEST_SECONDS = 3600 * env.integer("ARBSITE_ADMIN_HOURS", 24, low=1, high=2160)
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in HOSTS]
X_FRAME_OPTIONS = "DENY"
LOGIN_URL = "login"
# How often one token or session may ask the API in a minute, and command through it.
API_READS_PER_MINUTE = env.integer("ARBSITE_API_READS", 600, low=1, high=1_000_000)
API_COMMANDS_PER_MINUTE = env.integer("ARBSITE_API_COMMANDS", 60, low=1, high=1_000_000)
# Visitors may use the calculators; they show nothing of the site's own.
PUBLIC_TOOLS = env.flag("PUBLIC_TOOLS", default=True)
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "arbsite.roles.RoleBackend",
]
# Five wrong passwords for a name from one address lock that name there, and only there: a stranger
# must not be able to keep the operator from the halt button.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ACCESS_FAILURE_LOG = True
AXES_ENABLE_ADMIN = False
AXES_LOCKOUT_CALLABLE = "arbsite.account.locked_out"
AXES_CLIENT_IP_CALLABLE = "arbsite.account.address"
AXES_VERBOSE = False
OTP_TOTP_ISSUER = "Arbsite"

# --- trading: live needs LIVE=1, `runfeeds --mode live` and an armed row; DRY_RUN is a veto -------

LIVE = env.flag("LIVE")
DRY_RUN = env.flag("DRY_RUN")
LIVE_ALLOWED = LIVE and not DRY_RUN

# --- what it is made of ---------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold",
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "django_htmx",
    "ninja",
    "django_celery_beat",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "markets",
    "trading",
    "risk",
    "feeds",
    "arbsite",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "arbsite.csp.ContentSecurityPolicy",
    "arbsite.answers.ApiAnswers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "arbsite.access.SessionLength",
    "arbsite.access.LoginRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "arbsite.urls"
ASGI_APPLICATION = "arbsite.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "arbsite.access.powers",
            ]
        },
    }
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# --- stores ---------------------------------------------------------------------------------------

DATABASE_URL = env.secret("DATABASE_URL") or local.connection_urls(DATA_DIR)[0]
REDIS_URL = env.secret("REDIS_URL") or local.connection_urls(DATA_DIR)[1]
DATABASES = {"default": env.database(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "arbsite",
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "arbsite"},
    }
}

# --- language and time ----------------------------------------------------------------------------

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

# --- files ----------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"] if (BASE_DIR / "static").is_dir() else []
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG

# --- jobs -----------------------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_QUEUES = (Queue("default"), Queue("heavy"))
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# --- log ------------------------------------------------------------------------------------------

logs.configure()
LOGGING = logs.logging_settings(env.text("ARBSITE_LOG_LEVEL", "INFO"), plain=DEBUG)
