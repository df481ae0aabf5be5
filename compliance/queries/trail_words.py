"""What a line of the trail says, as a sentence about the thing that was changed. PURE."""

from typing import Final

SENTENCES: Final = {
    "account mapped": "Said whose account {} is",
    "account no longer mapped": "Took back whose account {} is",
    "added": "Added {}",
    "administrator made": "Made {} an administrator",
    "answers compared": "Compared answers: {}",
    "api token made": "Made the token {}",
    "api token revoked": "Revoked the token {}",
    "changed": "Changed {}",
    "clause accepted": "Accepted the clause {}",
    "clause marked": "Marked the clause {}",
    "clean data set exported": "Took away the clean part of {}",
    "contents erased": "Erased contents: {}",
    "finding assigned": "Gave the finding to somebody: {}",
    "finding decided": "Decided on a finding: {}",
    "findings re-judged": "Judged anew: {}",
    "held call answered": "Answered for a held call: {}",
    "house rules set": "Set the {}",
    "import to be read": "Had {} read",
    "invitation accepted": "Accepted the invitation {}",
    "invitation withdrawn": "Withdrew the invitation {}",
    "legal hold lifted": "Lifted {}",
    "legal hold placed": "Placed {}",
    "membership changed": "Changed the membership of {}",
    "membership ended": "Ended the membership of {}",
    "model named": "Said what a model’s name means: {}",
    "note written": "Wrote a note: {}",
    "patterns looked for": "Had patterns looked for: {}",
    "person invited": "Invited {}",
    "pipeline added": "Added the pipeline {}",
    "pipeline source replaced": "Replaced the source of the pipeline {}",
    "policy issued": "Issued the policy {}",
    "project made": "Made the project {}",
    "question answered": "Answered a question: {}",
    "receiver token made": "Made the receiver’s token {}",
    "receiver token revoked": "Revoked the receiver’s token {}",
    "removed": "Removed {}",
    "report brand set": "Set how reports look: {}",
    "report cancelled": "Stopped {}",
    "report preset kept": "Kept the choices for reports {}",
    "report preset removed": "Removed the choices for reports {}",
    "report requested": "Asked for {}",
    "report schedule changed": "Changed the schedule {}",
    "report schedule ended": "Ended the schedule {}",
    "report schedule made": "Had reports made by schedule: {}",
    "report schedule paused": "Paused the schedule {}",
    "report schedule resumed": "Resumed the schedule {}",
    "report shared": "Shared {}",
    "retention set": "Set {}",
    "rule draft discarded": "Discarded the draft of {}",
    "rule published": "Published {}",
    "rule superseded": "Replaced {} by a newer revision",
    "run cancelled": "Stopped the run {}",
    "run requested": "Asked for the run {}",
    "shared link revoked": "Revoked the link to {}",
    "sign-in failed": "Failed to sign in: {}",
    "signed in": "Signed in: {}",
    "suggestion rejected": "Rejected the suggestion {}",
    "terms.arrival_accepted": "Accepted a text that came in: {}",
    "terms.arrival_discarded": "Discarded a text that came in: {}",
    "terms.dates_fixed": "Fixed the days on which {} was in force",
    "terms.dates_shortened": "Shortened the days on which {} was in force",
    "terms.fetch_asked": "Asked for {} to be fetched",
    "terms.held_back": "Held back {}",
    "terms.text_filled": "Filled in the text of {}",
    "terms.uploaded": "Uploaded a text of {}",
    "terms.uploaded_again": "Uploaded a text of {} once more",
    "terms.version_imported": "Took in the version {}",
    "terms.watch_begun": "Began to watch {}",
    "terms.watch_ended": "Ended the watch on {}",
    "usage imported": "Imported usage: {}",
    "webhook added": "Added the webhook {}",
    "webhook old secret ended": "Ended the old secret of the webhook {}",
    "webhook secret changed": "Changed the secret of the webhook {}",
    "webhook sent again": "Had the webhook {} sent again",
    "webhook stopped": "Stopped the webhook {}",
}
"""An action's sentence; `{}` is the thing."""


def action_words(action: str) -> str:
    """An action alone, in words: "terms.text_filled" is "Text filled"."""
    words = action.rpartition(".")[2].replace("_", " ")
    return words[:1].upper() + words[1:]


def trail_sentence(action: str, label: str) -> str:
    """A line as a sentence. An action without a sentence of its own is told in its words."""
    return _template(action).replace("{}", label or "what has no name")


def _template(action: str) -> str:
    if action in SENTENCES:
        return SENTENCES[action]
    thing, _, deed = action.rpartition(" ")
    if thing and deed in ("added", "changed", "removed"):  # as the administration's pages write them
        return f"{deed.capitalize()} the {thing} {{}}"
    return f"{action_words(action)}: {{}}"
