"""Data sets as files and folders, in every format that pipelines leave behind: rows out, in order, nothing lost."""
