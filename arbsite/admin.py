"""The admin of what libraries bring, in the admin's own look: users and their sign-ins, groups,
second factors, periodic jobs.
"""

from __future__ import annotations

from typing import Any

# The admin theme carries no types.
# mypy: disable-error-code="misc, untyped-decorator"
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as BaseGroupAdmin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.http import HttpRequest
from django_celery_beat import admin as beat
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from arbsite.roles import is_member
from markets.config_admin import RecordAdmin
from markets.roles import Role, role_of

for model in (
    User,
    Group,
    PeriodicTask,
    IntervalSchedule,
    CrontabSchedule,
    ClockedSchedule,
    SolarSchedule,
    TOTPDevice,
):
    admin.site.unregister(model)


@admin.register(User)
class UserAdmin(BaseUserAdmin, ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """People who may log in."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "shown_role", "is_active", "last_login")
    list_filter = ("groups", "is_active")

    @display(description="Role", label=True)
    def shown_role(self, obj: User) -> str:
        """The role that counts."""
        role = role_of(obj)
        return role.word if role is not None else "none"

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """A role decides whether its member may enter the admin."""
        super().save_related(request, form, formsets, change)
        user = form.instance
        if is_member(user) and not user.is_superuser:
            user.is_staff = (role_of(user) or Role.VIEWER) >= Role.OPERATOR
            user.save(update_fields=["is_staff"])


@admin.register(Group)
class GroupAdmin(BaseGroupAdmin, ModelAdmin):
    """Rights shared by several people."""


@admin.register(TOTPDevice)
class SecondFactorAdmin(RecordAdmin):
    """Second factors: who has one. Removing one lets its owner set up another; the secret is never
    shown here.
    """

    list_display = ("user", "confirmed", "created_at", "last_used_at")
    list_filter = ("confirmed",)
    fields = ("user", "name", "confirmed", "created_at", "last_used_at")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whoever looks after people."""
        return request.user.has_perm("otp_totp.delete_totpdevice")


@admin.register(AccessLog)
class SignInAdmin(RecordAdmin):
    """Who signed in, when and from where."""

    list_display = ("attempt_time", "username", "ip_address", "user_agent", "logout_time")
    search_fields = ("username", "ip_address")
    exclude = ("session_hash",)


@admin.register(AccessFailureLog)
class FailedSignInAdmin(RecordAdmin):
    """Wrong passwords."""

    list_display = ("attempt_time", "username", "ip_address", "user_agent", "locked_out")
    list_filter = ("locked_out",)
    search_fields = ("username", "ip_address")


@admin.register(AccessAttempt)
class LockAdmin(RecordAdmin):
    """Names that are, or are about to be, locked at an address; deleting the row unlocks it."""

    list_display = ("username", "ip_address", "failures_since_start", "attempt_time")
    search_fields = ("username", "ip_address")
    exclude = ("get_data", "post_data")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whoever looks after people."""
        return request.user.has_perm("axes.delete_accessattempt")


class JobTaskWidget(UnfoldAdminSelectWidget, beat.TaskSelectWidget):
    """A list of the tasks there are."""


class JobForm(beat.PeriodicTaskForm):
    """A job, with the tasks there are."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = JobTaskWidget()


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(beat.PeriodicTaskAdmin, ModelAdmin):
    """Jobs that run by themselves: what, how often, whether at all."""

    form = JobForm
    # The library's own template translates crontabs by an inline script.
    change_form_template = "admin/change_form.html"


@admin.register(IntervalSchedule)
class IntervalScheduleAdmin(ModelAdmin):
    """Every so often."""


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(beat.CrontabScheduleAdmin, ModelAdmin):
    """At times of day."""


@admin.register(ClockedSchedule)
class ClockedScheduleAdmin(beat.ClockedScheduleAdmin, ModelAdmin):
    """At one moment."""
