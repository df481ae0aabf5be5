"""Lines that pages carry and terms don't: navigation, consent, errors. Pure data; each pattern must fit a whole line.

Patterns are written for plain lower-case words with single spaces; punctuation is gone before they are asked.
"""

import re
from collections.abc import Mapping
from typing import Final

_LAYOUT: Final = (
    # the foot of a page
    r"(?:copyright |c )+(?:20\d\d ?){1,2}.{0,60}|(?:20\d\d ){1,2}[a-z ]{1,40} (?:inc|llc|ltd|gmbh|pbc|corporation)",
    r".{0,60}all rights reserved",
    r"powered by \w+",
    # getting about
    r"skip to (?:main )?content|(?:back|scroll|go) to (?:the )?top|table of contents?|on this page",
    r"(?:view |see |read )?(?:our )?(?:previous|past|earlier|prior|archived|older|upcoming) "
    r"(?:versions?|revisions?|terms|polic(?:y|ies)).{0,60}",
    r"(?:log|sign) (?:in|up|out)|menu|search|close|loading|home|english(?: us| uk)?",
    r"follow us|contact us|contact sales|subscribe|learn more|read more|get started|try (?:it )?(?:for )?free",
    r"copy page|copy link|print(?: this page)?|share|download(?: pdf)?|opens in a new (?:window|tab)",
    r"(?:ctrl|cmd|command|alt)? ?[ik]",
    # asking the reader
    r"(?:was|is) this (?:page|article|information) helpful.{0,20}|yes ?no|(?:un)?helpful",
    r"responses are generated using ai.{0,60}|assistant|ask ai",
    # cookies
    r"(?:number of )?(?:third party )?vendors?\b.{0,80}",
    r"we and our (?:\d+ )?partners\b.{0,600}",
    r"(?:accept|reject|allow|deny|manage|confirm|save) "
    r"(?:all|my|your|only|cookies?|choices|preferences|consent|settings)\b.{0,60}",
    r"always active|cookie (?:settings|preferences|consent|notice)|your privacy choices",
    r"(?:this|our) (?:web)?site uses cookies\b.{0,300}|we use cookies\b.{0,300}",
    r"by (?:clicking|continuing)\b.{0,80}cookies\b.{0,200}",
    # counting time
    r"(?:about |over |almost )?(?:\d+|an?) (?:second|minute|hour|day|week|month|year)s? ago|yesterday|today|just now",
    r"\d+ min(?:ute)?s? read",
    r"(?:last )?(?:updated|edited|modified) (?:\d+|an?|one|two|three|over|about) [\w ]{1,20} ago",
    # measuring fonts
    r"(?:word ){5,}.*",
)
_ERRORS: Final = (
    r"(?:http )?error (?:40[0134]|410|429|50[0234])|(?:40[0134]|410|429|50[0234]) (?:error|not|page|forbidden|unauthori[sz]ed|"
    r"bad|gone|too many|internal|server|service|gateway|access|the|that|this|sorry|oops).{0,60}",
    r"access (?:to this page )?(?:has been |is )?denied.{0,80}",
    r"(?:this |the )?(?:page|content|site|article|url|document) (?:you .{0,60})?"
    r"(?:is ?n.?t|is not|is no longer|was not|could not be|can ?not be) "
    r"(?:currently )?(?:available|found|displayed|loaded).{0,60}",
    r"page not found.{0,60}|not found",
    r"an unexpected error.{0,60}|something went wrong.{0,80}|the link you followed may be broken.{0,80}",
    r"(?:please )?(?:enable|turn on|activate|allow) (?:javascript|cookies).{0,120}",
    r"you need to enable javascript.{0,80}|javascript (?:is|must be) .{0,80}",
    r"just a moment.{0,40}|attention required.{0,60}",
    r"checking (?:your browser|if the site connection).{0,80}",
    r"verify(?:ing)? (?:that )?you are (?:a )?human.{0,80}|are you (?:a )?(?:human|robot).{0,60}",
    r"too many requests.{0,60}|service (?:temporarily )?unavailable.{0,60}",
    r"(?:bad gateway|gateway time ?out|internal server error).{0,60}",
    r"(?:sorry )?you have been blocked.{0,80}|you are being rate limited.{0,60}",
    r"(?:please )?(?:log|sign) in to (?:continue|view|access).{0,60}",
)
LAYOUT: Final = re.compile("|".join(f"(?:{pattern})" for pattern in _LAYOUT))
ERROR: Final = re.compile("|".join(f"(?:{pattern})" for pattern in _ERRORS), re.IGNORECASE)
CONSENT: Final = re.compile(
    r"\b(?:cookies?|consent|partners?|legitimate interest|vendors?|personali[sz]ed|advertis\w+|preferences)\b",
    re.IGNORECASE,
)
"""Words of a request for consent."""

OBLIGES: Final = re.compile(
    r"\b(?:shall|must|may|will|agree|not|no|terms|polic(?:y|ies)|licen[cs]e|effective|updated?|modified|revised|version|"
    r"date|law|rights?|liab\w*|percent|dollars|euros|pounds)\b|(?<!\d)\d{4}(?!\d)|[%$€£¥@]"
    r"|不得|必须|应当|禁止|同意|可以|生效|更新|修订|条款|协议|政策|权利|义务|责任|法律",
    re.IGNORECASE,
)
"""Words and signs of which one is enough for a line to matter, wherever it stands."""

_SMALL_WORDS: Final[Mapping[str, str]] = {
    "en": "the of and to or any you your we our is are that this with not shall may",
    "de": "der die das und oder sie ihre wir unsere ist sind nicht mit von zu werden",
    "fr": "le la les et ou vous votre vos nous notre est sont que avec ne pas des",
    "es": "el la los las y o usted su sus nosotros nuestro es son que con no por",
    "it": "il la gli e o lei suo noi nostro sono che con non per di del della",
    "pt": "o a os as e ou você seu sua nós nosso são que com não por dos das",
    "nl": "de het een en of u uw wij onze is zijn niet met van te worden",
    "pl": "i lub w z na do nie się jest są że oraz przez dla które",
}
SMALL_WORDS: Final = {name: frozenset(words.split()) for name, words in _SMALL_WORDS.items()}
"""The most frequent small words of some languages."""
