"""Settings from the environment; every default is the embedded site, which needs no server."""

from pathlib import Path

import environ
from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from openempathic import beat, logs, production
from openempathic.keys import site_key

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environ.Env()

# Where everything that the site keeps on this machine lives: database, sound, keys, mail, runs.
VAR = Path(env.str("OE_VAR", str(BASE_DIR / "var"))).resolve()
VAR.mkdir(parents=True, exist_ok=True)
KEYS = VAR / "keys"

SECRET_KEY = site_key("secret.key", folder=KEYS, environment_variable="OE_SECRET_KEY")
# Splits, pseudonyms and guests' codes are keyed with this: losing it would let speakers change sides between releases,
# and no guest could come back.
SIGNING_KEY = site_key("signing.key", folder=KEYS, environment_variable="OE_SIGNING_KEY")
# Receipts and feeds are signed with this; losing it makes every receipt given before impossible to check here.
SIGNATURE_KEY = site_key("signature.key", folder=KEYS, environment_variable="OE_SIGNATURE_KEY")
# Keys that signed before this one: what they signed is still known here and at the public key's address.
SIGNATURE_KEYS_BEFORE = env.list("OE_SIGNATURE_KEYS_BEFORE", default=[])

DEBUG = env.bool("OE_DEBUG", False)
SITE_URL = env.str("OE_SITE_URL", f"http://127.0.0.1:{env.int('PORT', 8000)}")
ALLOWED_HOSTS = env.list("OE_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = [SITE_URL]
IS_SECURE = SITE_URL.startswith("https://")
# Who answers for this site, and how to reach them: at the foot of every page, as the privacy page promises.
OPERATOR = env.str("OE_OPERATOR", "")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "drf_spectacular",
    "csp",
    "openempathic.accounts",
    "openempathic.audit",
    "openempathic.registry",
    "openempathic.backups",
    "contributions",
    "training",
]

MIDDLEWARE = [
    "openempathic.visits.Visits",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "openempathic.headers.permissions_policy",
    "openempathic.accounts.limited_doors.LimitedDoors",
]

ROOT_URLCONF = "openempathic.urls"
WSGI_APPLICATION = "openempathic.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "frontend" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "openempathic.imprint.operator",
                "contributions.consenting.voices.in_templates",
                "contributions.screening.verdicts.in_templates",
            ],
        },
    },
]

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR / 'site.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # FULL, not NORMAL: a 201 promises that the row survives a power cut, and WAL with NORMAL may lose it.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    # A file in the tests too: SQLite's shared memory answers "locked" at once where a file waits.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR / "test.sqlite3")}
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
production.check(
    site_url=SITE_URL,
    is_debug=DEBUG,
    keys={"OE_SECRET_KEY": SECRET_KEY, "OE_SIGNING_KEY": SIGNING_KEY, "OE_SIGNATURE_KEY": SIGNATURE_KEY},
    database=DATABASES["default"],
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STORAGE_URL = env.str("STORAGE_URL", (VAR / "storage").as_uri())

# People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Open Empathic: "
# An account has no name but its address.
ACCOUNT_USER_DISPLAY = "allauth.account.utils.user_email"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if IS_SECURE else "http"
ACCOUNT_ADAPTER = "openempathic.accounts.adapter.AccountAdapter"
# Our own count instead, which holds for every process: accounts/adapter.py and accounts/limited_doors.py.
ACCOUNT_RATE_LIMITS = {
    **dict.fromkeys(["login", "login_failed", "signup", "reauthenticate"]),
    **dict.fromkeys(["change_password", "reset_password", "reset_password_from_key"]),
}
# The way in that nobody's guesses close: the letter proves who comes. A second factor is asked all the same.
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True

# A second factor: for everybody who wants one, and asked of moderators and curators.
SECOND_FACTOR_REQUIRED = env.bool("OE_MFA_REQUIRED", True)
MFA_ADAPTER = "openempathic.accounts.second_factor.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_FORMS = {
    "activate_totp": "openempathic.accounts.second_factor.forms.SetUpForm",
    "authenticate": "openempathic.accounts.second_factor.forms.SignInForm",
    "reauthenticate": "openempathic.accounts.second_factor.forms.ConfirmForm",
}
# A phone's clock may be half a minute off.
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True
# A first curator has no mailbox; of others our form asks that their address be confirmed.
MFA_ALLOW_UNVERIFIED_EMAIL = True

EMAIL_FOLDER = VAR / "mail"
# A mail server that hangs must not hold a page for ever.
EMAIL_TIMEOUT = 10
if mail := env.str("EMAIL_URL", ""):
    vars().update(env.email_url_config(mail))
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = EMAIL_FOLDER
DEFAULT_FROM_EMAIL = env.str("OE_FROM_EMAIL", "Open Empathic <noreply@localhost>")

# Words
LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", _("English")),
    ("es", _("Spanish")),
    ("ar", _("Arabic")),
    ("de", _("German")),
    ("fr", _("French")),
    ("pl", _("Polish")),
    ("hi", _("Hindi")),
    ("sw", _("Swahili")),
]
LOCALE_PATHS = [BASE_DIR / "frontend" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

# Files a page loads
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "frontend" / "static"]
STATIC_ROOT = VAR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": VAR / "unused"}},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = DEBUG

# Doors
SECURE_SSL_REDIRECT = IS_SECURE
SECURE_HSTS_SECONDS = 31_536_000 if IS_SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_SECURE
SECURE_HSTS_PRELOAD = IS_SECURE
SESSION_COOKIE_SECURE = IS_SECURE
CSRF_COOKIE_SECURE = IS_SECURE
SECURE_REFERRER_POLICY = "same-origin"
# How many proxies of our own stand between people and us: so many names at the end of X-Forwarded-For are true.
PROXIES = env.int("OE_PROXIES", 1) if env.bool("OE_BEHIND_PROXY", False) else 0
if PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "media-src": [SELF, "blob:"],
        "worker-src": [SELF, "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

API_REQUESTS_PER_MINUTE = env.int("OE_API_REQUESTS_PER_MINUTE", 300)
REST_FRAMEWORK = {
    # The token first: what it asks of a stranger is what a 401 says.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "openempathic.accounts.authentication.TokenAuthentication",
        "contributions.api.authentication.VoiceSession",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "contributions.api.authentication.HasVoice",
        "contributions.api.scopes.HasScope",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "contributions.api.negotiation.AlwaysJSON",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "contributions.api.schema.ScopedSchema",
    "DEFAULT_THROTTLE_CLASSES": ["contributions.api.scopes.TokenThrottle"],
    "DEFAULT_THROTTLE_RATES": {"token": f"{API_REQUESTS_PER_MINUTE}/min"},
    "EXCEPTION_HANDLER": "contributions.api.answering.told",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Open Empathic",
    "DESCRIPTION": _("Your own clips and consents, for your own programs."),
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer", "description": _("A token from your account's page.")},
            "session": {"type": "apiKey", "in": "cookie", "name": "sessionid"},
        }
    },
}

# Workers. The web path never talks to the broker: only the sweep (in beat's worker) sends nudges.
BROKER_FOLDER = VAR / "broker"
CELERY_BROKER_URL = env.str("BROKER_URL", "filesystem://")
if CELERY_BROKER_URL.startswith("filesystem"):
    for name in ("queue", "control"):
        (BROKER_FOLDER / name).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_FOLDER / "queue"),
        "data_folder_out": str(BROKER_FOLDER / "queue"),
        "control_folder": str(BROKER_FOLDER / "control"),
        "polling_interval": 0.1,
    }
else:
    # A hung broker otherwise blocks a publish for over 75 s.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "socket_timeout": 2,
        "socket_connect_timeout": 1,
        "visibility_timeout": 300,
    }
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 120
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "contributions.tasks.screen": {"queue": "screening"},
    "contributions.tasks.prelabel": {"queue": "prelabelling"},
    "contributions.tasks.try_refused": {"queue": "prelabelling"},
}
SWEEP_SECONDS = env.float("OE_SWEEP_SECONDS", 2.0)
CELERY_BEAT_SCHEDULE = beat.schedule(SWEEP_SECONDS)
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR / "beat-schedule")

# The site's rules
UPLOAD_BYTES_MAX = 32 * 1024 * 1024
# Django would otherwise refuse a take before the view can say why; the view streams and counts for itself.
DATA_UPLOAD_MAX_MEMORY_SIZE = UPLOAD_BYTES_MAX + 1024 * 1024
CLIPS_PER_DAY = env.int("OE_CLIPS_PER_DAY", 90)
EXPORTS_PER_DAY = env.int("OE_EXPORTS_PER_DAY", 10)
# Whether files of a published dataset come from the store itself: only where browsers can reach the store's address.
SIGNED_DOWNLOADS = env.bool("OE_SIGNED_DOWNLOADS", False)
LONGEST_SECONDS = env.float("OE_LONGEST_SECONDS", 20.0)
# Of what is told in own words.
LONGEST_FREE_SECONDS = env.float("OE_LONGEST_FREE_SECONDS", 60.0)
# Off where the same sounds are sent again and again on purpose, as tests and measurements do.
SEEK_DUPLICATES = env.bool("OE_SEEK_DUPLICATES", True)
# How many accepted voices we want of each feeling in each language: what the page of the gaps measures against.
VOICES_WANTED = env.int("OE_VOICES_WANTED", 20)
LEASE_SECONDS = env.int("OE_LEASE_SECONDS", 60)
RATING_LEASE_SECONDS = env.int("OE_RATING_LEASE_SECONDS", 600)
# A voice whose person has not come for so long lapses: its consents and clips are withdrawn. 1825 is five years.
RETENTION_DAYS = env.int("OE_RETENTION_DAYS", 1825)
# Promises of the consent texts and the retention page, so no setting: how soon sound is gone, and its last backup.
PURGE_HOURS = 24
BACKUP_DAYS = 30
# Where backups lie: a folder, or a bucket of its own; and how often one is made where a process does.
BACKUP_URL = env.str("OE_BACKUP_URL", "")
BACKUP_HOURS = env.float("OE_BACKUP_HOURS", 24.0)
# How long the operator's proxy and mail server keep their logs: what the operator says here, the retention page tells.
LOG_DAYS = env.int("OE_LOG_DAYS", 14)
# 1 lets a new site with one moderator turn; 2 is what we recommend.
RATINGS_REQUIRED = env.int("OE_RATINGS_REQUIRED", 1)
# So many clips one listener rates in a day: more of it tires the ear.
RATINGS_PER_DAY = env.int("OE_RATINGS_PER_DAY", 90)
# How many of the steps after a blind answer do without the suggestion: what it does to answers is known from these.
HIDDEN_ARM = env.float("OE_HIDDEN_ARM", 0.1)
# The model that comes with the software suggests until the first champion. Its licence, CC BY-NC-SA 4.0, forbids to
# earn money with it: a site that does switches it off.
SEED_HEAD = env.bool("OE_SEED_HEAD", True)

# The page where anybody tries CLARA on a clip that is not kept, and the process that listens for it: a unix socket in
# VAR that only our own account may open, or HOST:PORT.
TRY_PAGE = env.bool("OE_TRY_PAGE", True)
EAR = env.str("OE_EAR", "")
TRIES_PER_HOUR = env.int("OE_TRIES_PER_HOUR", 30)

# Retraining
RUNS_FOLDER = VAR / "runs"
RETRAIN_EVERY_HOURS = env.float("OE_RETRAIN_EVERY_HOURS", 24.0)
RETRAIN_MIN_NEW_CLIPS = env.int("OE_RETRAIN_MIN_NEW_CLIPS", 50)
# So many withdrawn clips that the champion has heard make a run due; 0: none do.
RETRAIN_AFTER_WITHDRAWALS = env.int("OE_RETRAIN_AFTER_WITHDRAWALS", 1)
# A checkpoint that has heard a larger share of clips withdrawn since is past its limit: one is trained anew without
# them, and it is delisted once another is champion, or after so many days.
WITHDRAWN_SHARE_MAX = env.float("OE_WITHDRAWN_SHARE_MAX", 0.05)
DELIST_DAYS = env.int("OE_DELIST_DAYS", 30)
RETRAIN_PRESET = env.str("OE_RETRAIN_PRESET", "site")
RETRAIN_PLAN = env.json("OE_RETRAIN_PLAN", default={})
# "open": the gate reckons and tells everything, and holds back only what is broken. For tests, demos and development.
GATE = env.str("OE_GATE", "closed")
TRAINER_LEASE_SECONDS = env.int("OE_TRAINER_LEASE_SECONDS", 60)
# Above 0 torchrun starts so many processes on the trainer's machine, one a GPU; or a launcher of the operator's own,
# which may reach other machines, goes before `-m training.fit --folder DIR`.
TRAINER_PROCESSES = env.int("OE_TRAINER_PROCESSES", 0)
TRAINER_LAUNCH = env.str("OE_TRAINER_LAUNCH", "")

LOGGING = logs.configuration()
# Whoever asks for /metrics shows this word; without one nobody is answered.
METRICS_TOKEN = env.str("OE_METRICS_TOKEN", "")
