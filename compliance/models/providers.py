"""Who develops and who serves models."""

from django.db import models


class Provider(models.Model):
    """A developer of models, a channel that serves them, or both (OpenAI; Amazon Bedrock)."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    website = models.URLField(blank=True)
    definition = models.JSONField(default=dict, help_text="Hosts and names of secrets, as in the rulebook.")
    notes = models.TextField(blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CatalogueEntry(models.Model):
    """A pattern of model names, and what a model so named is: developer, family, licence, base model."""

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="catalogue_entries")
    pattern = models.CharField(max_length=200)
    position = models.PositiveIntegerField(help_text="Entries are tried in this order; the first that fits decides.")
    definition = models.JSONField(default=dict)
    shipped = models.BooleanField(default=False)

    class Meta:
        ordering = ["position"]
        verbose_name = "model catalogue entry"
        verbose_name_plural = "model catalogue"
        constraints = [models.UniqueConstraint(fields=["provider", "pattern"], name="one_entry_per_pattern")]

    def __str__(self) -> str:
        return self.pattern


class Governance(models.Model):
    """Which documents govern which access: the paper stack of a channel, dated."""

    key = models.CharField(max_length=200, unique=True)
    definition = models.JSONField(default=dict)
    shipped = models.BooleanField(default=False)

    class Meta:
        ordering = ["key"]
        verbose_name_plural = "governance"

    def __str__(self) -> str:
        return self.key
