"""What people and other programs are told: notices with their mail, and webhooks with a log of deliveries."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils import timezone

from compliance.logs_kept import LEAST_DAYS
from compliance.models import Project


class Notice(models.Model):
    """One thing that a person should know, with the address of its page. Mailed at once or in the daily digest."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(
        max_length=40, help_text="As in assigned, mentioned, facts_asked, waiver_ends, approval_asked"
    )
    text = models.CharField(max_length=400)
    address = models.CharField(max_length=300, help_text="Path of the page that it is about")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    key = models.CharField(max_length=200, help_text="The same thing is told to the same person once")
    at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)
    mail_failed = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="a_notice_is_given_once")]
        indexes = [models.Index(fields=["user", "-id"], name="notices_of_a_person")]

    def __str__(self) -> str:
        return self.text


class NoticeChoice(models.Model):
    """How a person wants to be told."""

    class Mail(models.TextChoices):
        AT_ONCE = "at_once", "A mail for each notice, at once"
        DAILY = "daily", "One mail a day"
        NEVER = "never", "No mail"

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notice_choice")
    mail = models.CharField(max_length=8, choices=Mail, default=Mail.DAILY)
    digest_on = models.DateField(null=True, blank=True, help_text="Day of the last digest")

    def __str__(self) -> str:
        return self.get_mail_display()


class Webhook(models.Model):
    """An address that is told of a project's events by POST, signed, or in the words that Slack takes."""

    class Form(models.TextChoices):
        SIGNED = "signed", "JSON, signed with HMAC-SHA256"
        SLACK = "slack", "A line of text, as Slack takes it"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="webhooks")
    name = models.CharField(max_length=80)
    url = models.URLField(max_length=500, help_text="As it may be shown: an address can hold a secret of its own")
    sealed_url = models.TextField(blank=True, help_text="Encrypted; the whole address")
    form = models.CharField(max_length=8, choices=Form, default=Form.SIGNED)
    secret = models.CharField(max_length=300, blank=True, help_text="Encrypted; what deliveries are signed with")
    secret_before = models.CharField(max_length=300, blank=True, help_text="Encrypted; signs too, until a moment")
    secret_before_until = models.DateTimeField(null=True, blank=True)
    events = models.JSONField(default=list, help_text="Kinds of events; empty: all")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_why = models.CharField(max_length=200, blank=True)
    # Whoever delivers holds the webhook until then: one receiver is asked by one worker at a time.
    held_until = models.DateTimeField(null=True, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True, help_text="When it had its last turn")
    paused_until = models.DateTimeField(null=True, blank=True, help_text="After failures it is asked less often")
    failures = models.PositiveIntegerField(default=0, help_text="In a row")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """One event for one webhook: tried until it is taken, or given up."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DELIVERED = "delivered", "Delivered"
        GIVEN_UP = "given_up", "Given up"

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=40)
    key = models.CharField(max_length=64, help_text="The receiver sees the same key again when a delivery is repeated")
    payload = models.JSONField()
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0, help_text="Since it began to wait")
    status = models.PositiveIntegerField(null=True, blank=True, help_text="HTTP status of the last attempt")
    problem = models.TextField(blank=True)
    made_at = models.DateTimeField(auto_now_add=True)
    waits_since = models.DateTimeField(default=timezone.now, help_text="Made, or sent anew by a person")
    next_at = models.DateTimeField(null=True, blank=True, help_text="When it is tried next")
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint(fields=["webhook", "key"], name="a_delivery_is_made_once")]
        indexes = [
            models.Index(fields=["state", "next_at"], name="deliveries_that_wait"),
            models.Index(
                fields=["webhook", "next_at"], name="waiting_for_a_webhook", condition=models.Q(state="waiting")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook}"


class Attempt(models.Model):
    """One try to deliver: what the receiver answered, or why it could not be asked."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    at = models.DateTimeField()
    status = models.PositiveIntegerField(null=True, blank=True)
    problem = models.TextField(blank=True)
    answer = models.TextField(blank=True, help_text="The first characters that the receiver answered")
    milliseconds = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        triggers = [
            pgtrigger.Protect(name="attempts_are_not_changed", operation=pgtrigger.Update),
            pgtrigger.Protect(
                name="late_attempts_are_kept",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition(f"OLD.at > now() - interval '{LEAST_DAYS} days'"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}: {self.status or self.problem}"
