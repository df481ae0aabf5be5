#!/usr/bin/env python
"""Clausetrail's command line: `python manage.py help` lists the commands."""

import importlib
import os
import sys

from django.core.management import execute_from_command_line

# Commands about files alone: they start without loading the applications and their models, in a fraction of the time.
WITHOUT_MODELS = {"trace": "audits.management.commands.trace"}

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "compliance.settings")
    if len(sys.argv) > 1 and sys.argv[1] in WITHOUT_MODELS:
        importlib.import_module(WITHOUT_MODELS[sys.argv[1]]).Command().run_from_argv(sys.argv)
    else:
        execute_from_command_line(sys.argv)
