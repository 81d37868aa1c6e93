"""The same parts as everywhere; only what makes tests slow is turned down."""

from controlplane.settings.base import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SECRET_KEY = "a-key-for-tests-that-is-long-enough-to-satisfy-every-check"
ALLOWED_HOSTS = ["*"]
