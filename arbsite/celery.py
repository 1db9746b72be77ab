"""The job queue: Celery on Redis, its settings in `settings.py` under CELERY_.

Two queues: `default`, and `heavy` for jobs of minutes (`@shared_task(queue="heavy")`). The table of
periodic jobs is in the database, edited in the admin.
"""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arbsite.settings")

app = Celery("arbsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
