"""One settings file. Everything that differs between machines comes from the environment; see docs/operations.md."""

import os
from importlib.resources import files
from pathlib import Path

from compliance.embedded.address import broker_url, cache_settings, database_settings
from compliance.embedded.places import secret
from compliance.logs_kept import logs_kept_days
from compliance.organisation import organisation_sign_in, sign_in_domains

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("CLAUSETRAIL_VAR") or BASE_DIR / "var").absolute()

# Naming the hosts that are served is what makes an installation public: cookies, redirects and HSTS follow from it.
_hosts = [host.strip() for host in os.environ.get("ALLOWED_HOSTS", "").split(",") if host.strip()]
PRODUCTION = bool(_hosts)
DEBUG = os.environ.get("CLAUSETRAIL_DEBUG") == "1" and not PRODUCTION
SECRET_KEY = os.environ.get("SECRET_KEY") or secret(VAR_DIR, "django")
SECRET_KEY_FALLBACKS = [key for key in os.environ.get("SECRET_KEY_FALLBACKS", "").split(",") if key]
ALLOWED_HOSTS = _hosts or ["127.0.0.1", "localhost", "[::1]"]

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "compliance.apps.AdminSiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django_htmx",
    "pgtrigger",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.saml",
    "compliance",
    "audits",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "compliance.views.programs.TokenMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "compliance.views.house.SecondFactorMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "compliance.views.middleware.ContentSecurityPolicyMiddleware",
    "compliance.views.middleware.BoundedPagesMiddleware",
]
ROOT_URLCONF = "compliance.urls"
WSGI_APPLICATION = "compliance.wsgi.application"
ASGI_APPLICATION = "compliance.asgi.application"
FORM_RENDERER = "compliance.views.selects.Renderer"

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
            ],
        },
    },
]

DATABASES = {"default": database_settings(os.environ.get("DATABASE_URL"), VAR_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "compliance.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "sign-in"
ACCOUNT_ADAPTER = "compliance.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # addresses come from administrators and from links sent to them
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_CHANGE_EMAIL = False
ACCOUNT_EMAIL_NOTIFICATIONS = True  # of a changed password, of second factors that came or went
SESSION_COOKIE_AGE = 7 * 24 * 3600
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Clausetrail"
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION  # browsers hold "localhost" for safe; nothing else passes
SOCIALACCOUNT_ADAPTER = "compliance.accounts.OrganisationAdapter"
SOCIALACCOUNT_PROVIDERS = organisation_sign_in(os.environ)
SIGN_IN_DOMAINS = sign_in_domains(os.environ)  # of addresses that come in by the organisation's sign-in; empty: any
# The organisation's own sign-in vouches for its addresses: whoever comes with one gets the account that has it.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_LOGIN_ON_GET = False

# Where people find this installation: what mails and webhooks link to.
PUBLIC_URL = os.environ.get(
    "PUBLIC_URL", f"https://{_hosts[0].lstrip('.')}" if _hosts else "http://127.0.0.1:8000"
).rstrip("/")

# Mail goes out through EMAIL_HOST; without one, each message is a file under var/mail.
EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("EMAIL_USE_TLS", "1") == "1"
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"
EMAIL_FILE_PATH = VAR_DIR / "mail"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = os.environ.get("EMAIL_FROM", "clausetrail@localhost")

# Keys that the recorder puts in on the way out; the environment of the worker serves as well.
CREDENTIALS_FILE = Path(os.environ.get("CREDENTIALS_FILE") or VAR_DIR / "keys" / "credentials.toml")
EVIDENCE_URL = os.environ.get("EVIDENCE_URL", (VAR_DIR / "evidence").as_uri())

# What is added to each seal, by commas: authorities that stamp its time (RFC 3161), and places its root is written down in
# (file:///a/file, to whose end a line is added, or a URL that takes a POST).
TIMESTAMP_URLS = [url.strip() for url in os.environ.get("TIMESTAMP_URL", "").split(",") if url.strip()]
TIMESTAMP_ROOTS = os.environ.get("TIMESTAMP_ROOTS", "")
ANCHOR_URLS = [url.strip() for url in os.environ.get("ANCHOR_URL", "").split(",") if url.strip()]

# What final reports of approved audits are signed with: a certificate with its key (PKCS #12, or PEM with the key in it or in
# SIGNING_KEY), and its roots for whoever checks. Without one, the key that seals evidence signs, under a certificate of its own.
SIGNING_CERTIFICATE = os.environ.get("SIGNING_CERTIFICATE", "")
SIGNING_KEY = os.environ.get("SIGNING_KEY", "")
SIGNING_PASSWORD = os.environ.get("SIGNING_PASSWORD", "")
SIGNING_ROOTS = os.environ.get("SIGNING_ROOTS", "")
SIGNING_FETCHES = os.environ.get("SIGNING_FETCHES", "") == "1"  # may ask issuers for revocation, for what lasts (B-LT)

# Watched sources are fetched from public addresses. Places in one's own network are allowed by address and port, by commas.
WATCH_ALLOWED = [place.strip() for place in os.environ.get("WATCH_ALLOWED", "").split(",") if place.strip()]
# The same for webhooks: these places may also be told over plain http.
WEBHOOK_ALLOWED = [place.strip() for place in os.environ.get("WEBHOOK_ALLOWED", "").split(",") if place.strip()]

# How long logs of what people and programs were told are kept; never what counts as evidence, and never the trail.
LOGS_KEPT_DAYS = logs_kept_days(os.environ)

CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL") or broker_url(VAR_DIR)
# Short tasks are acknowledged late: those of a worker that was killed come back after this time-out, which none may exceed. An
# audit may run for hours; it is acknowledged early, and the beat task finds it when its worker dies.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 15 * 60,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
}
# Attempts to sign in are counted where every web process sees them; none of it matters for longer than minutes.
CACHES = {"default": cache_settings(os.environ.get("CACHE_URL") or CELERY_BROKER_URL)}
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
FORMAT_MODULE_PATH = ["compliance.formats"]
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
# Typefaces come from packages (their licences lie beside the files); pages, charts and paper use the same ones.
FONT_DIRS = {
    name: Path(str(files(package))) / "files"
    for name, package in {
        "inter": "fontpkg_inter",
        "source-serif-4": "fontpkg_source_serif_4",
        "jetbrains-mono": "fontpkg_jetbrains_mono",
    }.items()
}
STATICFILES_DIRS = [BASE_DIR / "static", *((f"fonts/{name}", folder) for name, folder in FONT_DIRS.items())]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": VAR_DIR / "media"}},
    # Hashed names without compression: packing fonts and scripts takes a minute of every set-up and buys nothing on one's
    # own machine; in a cluster the proxy in front compresses.
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
CSRF_TRUSTED_ORIGINS = [f"https://{host.lstrip('.')}" for host in _hosts if host != "*"]

# The admin in the colours and shapes of static/css/tokens.css; the greys lead from its page to its ink.
UNFOLD = {
    "SITE_TITLE": "Clausetrail",
    "SITE_HEADER": "Clausetrail",
    "SITE_SUBHEADER": "Rules and people",
    "SITE_URL": "/",
    "SITE_ICON": "compliance.site.mark",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "compliance.site.mark"}],
    "STYLES": ["compliance.site.stylesheet"],
    "SCRIPTS": ["compliance.site.script"],
    "THEME": "compliance.site.theme",
    "BORDER_RADIUS": "6px",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "COLORS": {
        "base": {
            "50": "#f6f7f9", "100": "#eef0f3", "200": "#d9dde4", "300": "#bcc3ce", "400": "#8a92a0", "500": "#565d6b",
            "600": "#4a5160", "700": "#2c323d", "800": "#232833", "900": "#12151b", "950": "#0c0e12",
        },
        "primary": {
            "50": "#eaf0fe", "100": "#d9e4fd", "200": "#b8cdfb", "300": "#a5bffc", "400": "#8fb0ff", "500": "#5b85f0",
            "600": "#1f4fd8", "700": "#1a43b8", "800": "#173a9c", "900": "#14317f", "950": "#0d2054",
        },
        "font": {
            "subtle-light": "#565d6b", "subtle-dark": "#a7afbd", "default-light": "#1b1f27", "default-dark": "#e6e9ef",
            "important-light": "#1b1f27", "important-dark": "#e6e9ef",
        },
    },
    "SIDEBAR": {"show_search": False, "command_search": False, "navigation": "compliance.site.navigation"},
}  # fmt: skip

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("LOG_LEVEL", "WARNING")},
}
