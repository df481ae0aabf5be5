"""Provisions that bear on models built from output: training, distillation, permissions, names, thresholds. Pure."""

import re

from compliance.text.provisions import ALLOWED, ANY, BOUND, FORBIDDEN, Provision, cue
from compliance.text.stance import Mode

MAKING = (
    r"(?:(?:re-?|pre-?)?train(?:s|ing)?|develop(?:s|ing)?|creat(?:e|es|ing)|improv(?:e|es|ing)|build(?:s|ing)?|fine[- ]?tun(?:e|es|ing)"
    r"|enhanc(?:e|es|ing)|distil(?:l|ls|ling)?|mak(?:e|ing)|design(?:ing)?|produc(?:e|ing)|construct(?:ing)?|operat(?:e|ing))"
)
_LEARNING = (
    r"(?:artificial[- ]intelligence|A\.?I\.?|machine[- ]learning|ML|(?:large |small )?language|foundation(?:al)?|generative|neural|deep[- ]learning"
    r"|multi-?modal|general[- ]purpose|(?:image|video|audio|speech|text|code)[- ]generation)"
)
MODEL = (
    rf"(?:\b{_LEARNING}\b[a-z/,() -]{{0,60}}?\b(?:models?|LLMs?|algorithms?|systems?|technolog(?:y|ies)|networks?|services?)\b"
    r"|\b(?:LLMs?|(?<!business\x20)(?<!3d\x20)(?<!role\x20)(?<!financial\x20)(?<!threat\x20)models?(?: derivatives?)?)\b)"
)
_RIVAL = (
    r"(?:(?<!non-)(?<!anti-)\bcompet(?:e|es|ing|itive|itors?)\b(?! (?:law|analys|monitor|intelligence|bidding|in good))|\bin competition with\b|\bsubstitutes? for (?:the|our|any) (?:services?|products?|models?)\b"
    r"|\b(?:substantially |confusingly |functionally )?similar (?:or competi\w+ |and competi\w+ )?(?:AI |commercial )?(?:products?|services?|models?|technolog\w+|offerings?)\b"
    r"|\bsimilar (?:to|in functionality)\b[^.;]{0,40}\b(?:services?|products?|models?|us|ours|licensor)\b)"
)
_OUTPUT = r"\b(?:outputs?|results?|responses?|generated (?:content|data|material)|(?:ai|machine)[- ]generated|synthetic (?:data|content)|completions?|generations?)\b"
_SOURCE = (
    _OUTPUT[:-3]
    + r"|services?|materials?|content|data|models?|works?|software|apis?|site|website|platform|products?|technology|derivatives?|any part|inputs?)\b"
)
_TRAINING_VERB = r"\b(?:(?:re-?|pre-?)?train(?:ing)?|fine[- ]?tun(?:e|ing)|distil(?:l|ling|lation)?)\b"
_MADE_MODEL = re.compile(rf"\b{MAKING}\b[^.;:]{{0,140}}?(?P<model>{MODEL})".replace(" ", r"\s+"), re.IGNORECASE)
_RIVAL_AHEAD = re.compile(
    r"[^.;:]{0,12}?(?:,? ?(?:or|and) [^.;]{0,70}?)?(?:\b(?:that|which|to|would|could|may)\b[^.;]{0,60}?\bcompet|\bcompetitive with|\bin competition|\bsimilar to)".replace(
        " ", r"\s+"
    ),
    re.IGNORECASE,
)
_RIVAL_BEHIND = re.compile(r"\b(?:compet(?:ing|itive)|similar)\b[^.;]{0,30}$", re.IGNORECASE)


def _rival_before(own: str, start: int) -> bool:
    return _RIVAL_BEHIND.search(own[max(0, start - 40) : start]) is not None


def model_of_any_kind(own: str) -> re.Match[str] | None:
    """A model being made where nothing limits it to models that compete.

    "models that compete with us" and "a competing model" say what must compete; "compete with our Services, including to
    train any model" does not limit the model.
    """
    for made in _MADE_MODEL.finditer(own):
        limited_after = _RIVAL_AHEAD.match(own, made.end())
        if (
            not limited_after
            and not _rival_before(own, made.start("model"))
            and not _rival_before(own, made.end("model"))
        ):
            return made
    return None


_PURPOSE_ONLY = cue(
    r"\b(?:surveillance|weapons?|social scoring|facial recognition|biometric|malware|minors|children|deepfakes?|discriminat\w+|fraud|predictive policing|emotion)\b"
)
_DATA_OF_OTHERS = cue(r"\b(?:you will not|we will not|shall not) be used to train\b")

_SENTENCES_OF_TRAINING = (
    Provision(
        "train_competing", "making or using something that competes",
        cue(rf"\b(?:{MAKING}|us(?:e|es|ing)|access(?:ing)?|offer(?:ing)?|provid(?:e|ing)|support(?:ing)?|assist(?:ing)?)\b[^.;:]{{0,260}}?{_RIVAL}"),
        unless=cue(r"\bcompet\w+ (?:law|analys\w+|monitoring|intelligence)|unfair(?:ly)? compet|\bgames?\b[^.;]{0,30}\bcompet|compet\w+ in a|non-compet"),
    ),
    Provision("train_competing", "a competitor's access", cue(r"\bcompetitors?\b[^.;]{0,60}\b(?:not|no) (?:use|access)\b|\b(?:access|use)\b[^.;]{0,80}\bif you are\b[^.;]{0,40}\bcompetitor"), score=0.7),
    Provision("train_any", "making a model, whether or not it competes", model_of_any_kind, around=cue(_SOURCE), unless=_PURPOSE_ONLY),
    Provision(
        "train_any", "training, or machine learning as an activity",
        cue(rf"\bas (?:a )?part of any machine[- ]learning\b|\b(?:for|in) (?:the )?(?:purposes? of )?(?:any )?(?:machine[- ]learning|(?:AI |model )training)\b"
            rf"|\b(?:train(?:ing)?)\b,? (?:\w+,? ){{0,5}}(?:or |and )?\w+ (?:\w+ )?(?:products?|services?)\b"),
        around=cue(_OUTPUT), unless=cue(rf"{_RIVAL}|\bif you do(?: not|n't) want\b"),
    ),
)  # fmt: skip

_SENTENCES_OF_DISTILLING = (
    Provision(
        "distill_explicit", "distillation by name",
        cue(r"(?<![-\w])(?:distill?|distills|distilling|distillations?)\b(?! ?-)(?!-[A-Z])"),
        modes=ANY, parties=("user", "provider", ""), unstated=True,
        unless=cue(r"\bdistill\w*-[a-z0-9]|\barxiv\b|\bwe (?:demonstrate|show|present)|\bcommunity to distill|distillation ?:"),
    ),
)  # fmt: skip

_TRAINED_ON_OUTPUT = rf"{_OUTPUT}[^.;]{{0,240}}?(?:\b{MAKING}\b[^.;:]{{0,140}}?{MODEL}|{_TRAINING_VERB})"
_SENTENCES_OF_PERMISSION = (
    Provision(
        "explicit_permission", "models made from output are allowed",
        cue(rf"{_TRAINED_ON_OUTPUT}|\b(?:distillation|distilling|training other)\b[^.;]{{0,80}}?{MODEL}"),
        modes=ALLOWED, parties=("user", ""),
        unless=cue(r"\b(?:we|us) (?:may|can|will|to)\b|\bgrants? (?!(?:to )?(?:the |each )?(?:you|customer|licensee|user|recipient)s?\b)|\bonly (?:if|with)\b.*\bconsent\b"),
    ),
    Provision(
        "explicit_permission", "a duty for whoever trains on output, so training is allowed",
        cue(rf"\b(?:if|where|when)\b[^.;]{{0,240}}?\buse\b[^.;]{{0,160}}?{_OUTPUT}[^.;]{{0,160}}?\b{MAKING}\b[^.;:]{{0,140}}?{MODEL}"),
        modes=BOUND, score=0.75,
    ),
)  # fmt: skip

_QUOTED = r"(?:\"[^\"]{1,60}\"|'[^']{1,60}')"
_SENTENCES_OF_NAMES = (
    Provision(
        "attribution_naming", "a name or sign that must be shown",
        cue(rf"\b(?:display|includ|show|add|use|using|stat|plac|affix|mark|label)(?:e|es|s|d|ed|ing|ting)?\b[^.;]{{0,60}}?\"(?:built|made|created|improved|powered|developed|trained|derived|based) (?:with|on|by|using|from|upon) "
            rf"|\b(?:display|show|affix)(?:s|ed|ing)?\b[^.;\"]{{0,40}}?\b(?:built|improved|powered|made) (?:with|on|by|using) (?-i:[A-Z])"
            rf"|\b(?:includ|add|use|using|contain|start|begin|prefix|insert)(?:e|es|s|ing|ed)?\b[^.;]{{0,80}}?\b(?:at|to|in|with) (?:the )?(?:beginning|start|front) of\b[^.;]{{0,60}}?\bnames?\b"
            rf"|\bnames?\b[^.;]{{0,60}}?\b(?:begin|start|be prefixed)s? with\b|\bprefix\b[^.;]{{0,60}}\bname"
            rf"|\b(?:includ|add|contain)\w*\b[^.;]{{0,40}}?{_QUOTED}[^.;]{{0,80}}?\b(?:beginning|start|prefix|part)\b[^.;]{{0,40}}?\bnames?\b"),
        modes=frozenset({Mode.DUTY, Mode.PERMISSION, Mode.RIGHT}), parties=("user", "provider", ""), unstated=True, score=0.95,
    ),
    Provision(
        "attribution_naming", "attribution that must be displayed",
        cue(rf"\bprominently display\w*\b[^.;]{{0,30}}?(?:{_QUOTED}|\b(?:name|logo|attribution|brand|mark)\b)|\b(?:display|provide|give|include|show)\b[^.;]{{0,30}}?\battributions?\b(?! (?:notices?|information|details))"),
        modes=BOUND, unless=cue(r"\bretain\b|\bcopyright\b|\bdata\b|user-generated|\bto your users\b"), score=0.8,
    ),
    Provision(
        "attribution_naming", "a notice of the model's terms that goes with every copy",
        cue(r"\baccompanied by\b[^.;]{0,20}?\bnotice\b[^.;]{0,80}?\bfollowing\b|\bprovided under and subject to\b"), modes=BOUND | ALLOWED, score=0.65,
    ),
)  # fmt: skip

_AMOUNT = r"(?:(?:us ?)?(?:\$|usd|eur|€|£) ?[\d,.]+|[\d,.]+ ?(?:million|billion|thousand|m\b|%|us dollars|usd|dollars|euros?)|\b\d[\d,.]*\d\b)"
_MEASURE = r"(?:monthly active users?|\bMAUs?\b|active users|(?:annual|yearly|recurring|gross|total|aggregate)[a-z ()/-]{0,30} revenues?|revenues?[^.;]{0,40}?(?:annual|per year|calendar year|fiscal year)|in (?:annual )?revenue)"
_SENTENCES_OF_SCALE = (
    Provision(
        "scale_threshold", "a number of users or an amount of revenue",
        cue(rf"{_MEASURE}[^.;]{{0,200}}?{_AMOUNT}|{_AMOUNT}[^.;]{{0,80}}?{_MEASURE}"),
        modes=ANY, parties=("user", "provider", ""), unstated=True,
        around=cue(r"\b(?:more than|greater than|exceed\w*|over|less than|fewer than|below|above|at least|up to|under|not more than)\b"),
        unless=cue(r"\b(?:liabilit|indemn|refund|damages)\w*\b"), score=0.95,
    ),
)  # fmt: skip

_SENTENCES_OF_BENCHMARKS = (
    Provision(
        "benchmark_restriction", "benchmarking or competitive analysis",
        cue(r"\bbenchmark(?:s|ing)?\b|\b(?:competitive|comparative) (?:monitoring|analys[ei]s|intelligence|tests?|testing|evaluations?)\b"
            r"|\b(?:publish|disclos)\w*\b[^.;]{0,80}?\b(?:performance|evaluation|test) (?:results?|tests?|metrics?|data|information)\b|\bmonitor\w*\b[^.;]{0,50}?\b(?:availability|performance|functionality)\b"),
        unless=cue(r"\" means\b|\b(?:train|improve),?[^.;]{0,20}\bbenchmark, |\b(?:not|n't) (?:constitute|be (?:considered|deemed))\b|\bwaive\b"), score=0.85,
    ),
    Provision("benchmark_restriction", "a condition on benchmarks made public",
              cue(r"\b(?:perform|disclos|publish|conduct|run)\w*\b[^.;]{0,120}?\bbenchmarks?\b|\bbenchmarks?\b[^.;]{0,80}?\b(?:disclos|publish)"),
              modes=BOUND, around=cue(r"\b(?:will|must|shall|if|provided)\b"), unless=cue(r"\bwaive\b"), score=0.7),
    Provision("benchmark_restriction", "a competitor's access",
              cue(r"\bcompetitors?\b[^.;]{0,60}\b(?:not|no) (?:use|access)\b"), score=0.6),
)  # fmt: skip

PROVISIONS_OF_BUILDING: tuple[Provision, ...] = (
    *_SENTENCES_OF_TRAINING,
    *_SENTENCES_OF_DISTILLING,
    *_SENTENCES_OF_PERMISSION,
    *_SENTENCES_OF_NAMES,
    *_SENTENCES_OF_SCALE,
    *_SENTENCES_OF_BENCHMARKS,
)
