"""Provisions that bear on models built from output: training, distillation, permissions, names, thresholds. Pure."""

import re

from compliance.text.provisions import ALLOWED, ANY, BOUND, EVERYONE, Provision, cue, spaced
from compliance.text.stance import Mode

MAKING = (
    r"(?:(?:re-?|pre-?)?train(?:s|ing(?! (?:data|materials?|sets?)))?|develop(?:s|ing)?|creat(?:e|es"
    r"|ing)(?! derivative)"
    r"|improv(?:e|es|ing)|build(?:s|ing)?|fine[- ]?tun(?:e|es|ing)|enhanc(?:e|es|ing)|produc(?:e|ing))"
)
_LEARNING = (
    r"(?:artificial[- ]intelligence|A\.?I\.?|machine[- ]learning|ML|(?:large |small )?language|foundation(?:al)?"
    r"|generative|neural"
    r"|deep[- ]learning|multi-?modal|general[- ]purpose|(?:image|video|audio|speech|text|code)[- ]generation)"
)
_LEARNER = r"(?:models?|LLMs?|algorithms?|systems?|technolog(?:y|ies)|networks?|services?)"
_BARE_MODEL = (
    r"(?:LLMs?|(?<!business\x20)(?<!3d\x20)(?<!role\x20)(?<!financial\x20)(?<!threat\x20)models?(?: derivatives?)?)"
)
MODEL = rf"(?:\b{_LEARNING}\b[a-z/,() -]{{0,60}}?\b{_LEARNER}\b|\b{_BARE_MODEL}\b)"
OUTPUT = (
    r"\b(?:outputs?|results?|responses?|generated (?:content|data|material)|(?:ai|machine)[- ]generated"
    r"|synthetic (?:data|content))\b"
)
_SOURCE = (
    rf"{OUTPUT}|\b(?:services?|materials?|content|data|models?|works?|software|apis?|site|website|platform"
    rf"|products?|technology"
    r"|derivatives?|any part|inputs?)\b"
)
_RIVAL = (
    r"(?:(?<!non-)(?<!anti-)\bcompet(?:e|es|ing|itive|itors?)\b(?! (?:law|analys|monitor|intelligence|bidding"
    r"|in good))"
    r"|\bin (?:[a-z]+ ){0,4}competition with\b|\bsubstitutes? for (?:the|our|any) (?:services?|products?|models?)\b"
    r"|(?<!or\x20)\b(?:substantially |functionally )?similar (?:(?:or|and) competi\w+ )?(?:AI "
    r"|commercial )?(?:products?|services?|models?)\b"
    r"|\bsimilar (?:to|in functionality)\b[^.;]{0,40}\b(?:services?|products?|models?|us|ours|licensor)\b)"
)
_MADE_MODEL = re.compile(spaced(rf"\b{MAKING}\b(?P<gap>[^.;:]{{0,140}}?)(?P<model>{MODEL})"), re.IGNORECASE)
_LEARNING_MODEL = re.compile(spaced(rf"\b{_LEARNING}\b"), re.IGNORECASE)
_RIVAL_AHEAD = re.compile(
    spaced(
        r"[^.;:]{0,12}?(?:,? ?(?:or|and) [^.;]{0,70}?)?"
        r"(?:\b(?:that|which|to|would|could|may)\b[^.;]{0,60}?\bcompet"
        r"|\bcompet(?:itive|ing) with|\bin (?:[a-z]+ ){0,4}competition"
        r"|\bsimilar to)"
    ),
    re.IGNORECASE,
)
_RIVAL_BEHIND = re.compile(r"\b(?:compet(?:ing|itive)|similar)\b[^.;]{0,30}$", re.IGNORECASE)
_NOT_A_NEW_MODEL = re.compile(
    r"\b(?:the|our|its|such|these|this|said|not|don't|we|us|derivatives?\s+of)\b(?!\s+(?:purposes?|express))",
    re.IGNORECASE,
)
_RIVAL_BETWEEN = re.compile(r"\bcompet(?:e|es)\b", re.IGNORECASE)
_NEAR = 60  # characters between "develop" and a bare "models" that still are one thought


def model_of_any_kind(own: str) -> re.Match[str] | None:
    """A model being made where nothing limits it to models that compete.

    "models that compete with us" and "a competing model" say what must compete; "compete with our Services, including to
    train any model" does not limit the model. A bare "model" counts only close to its verb and when it is not the
    provider's own ("the Model", "our models").
    """
    made = _MADE_MODEL.search(own)
    while made is not None:
        if _is_new_model(made) and not _is_rival(own, made):
            return made
        made = _MADE_MODEL.search(own, made.start("gap"))
    return None


def _is_new_model(made: re.Match[str]) -> bool:
    if _RIVAL_BETWEEN.search(made["gap"]):
        return False
    return bool(_LEARNING_MODEL.match(made["model"])) or (
        len(made["gap"]) <= _NEAR and not _NOT_A_NEW_MODEL.search(made["gap"])
    )


def _is_rival(own: str, made: re.Match[str]) -> bool:
    """Is the model called competing just before it is named, inside its name, or right after it?"""
    before = any(_RIVAL_BEHIND.search(own[max(0, end - 40) : end]) for end in (made.start("model"), made.end("model")))
    return before or _RIVAL_AHEAD.match(own, made.end()) is not None


_ABOUT_PROVIDER_OR_PURPOSE = cue(
    r"\b(?:surveillance|weapons?|social scoring|facial recognition|biometric|malware|minors|children|deepfakes?"
    r"|predictive policing)\b",
    r"\b(?:your|customer|user)(?:'s)? (?:data|content)\b[^.;]{0,60}\b(?:to )?(?:train|develop|improve)",
    r"\b(?:is|are) not used to\b",
    r"\bwill not use\b[^.;]{0,20}\bcontent\b",
)
_ACTIVITY = (
    r"\bas (?:a )?part of any machine[- ]learning\b",
    r"\b(?:for|in) (?:the )?(?:[a-z]+ )?(?:purposes? of )?(?:any )?(?:machine[- ]learning\b(?! models? (?:that"
    r"|which))|(?:AI |model )training\b)",
    r"\btrain(?:ing)?\b,? (?:\w+,? ){0,5}(?:or |and )?\w+ (?:\w+ )?(?:products?|services?)\b",
)
_TRAINING = (
    Provision(
        "train_competing",
        "making or offering something that competes",
        cue(
            rf"\b(?:{MAKING}|offer(?:ing)?|mak(?:e|ing)|design(?:ing)?|operat(?:e|ing)|us(?:e|es|ing)"
            rf"|access(?:ing)?)\b[^.;:]{{0,260}}?{_RIVAL}",
            rf"\b(?:provid(?:e|ing)|support(?:ing)?|assist(?:ing)?)\b[^.;:]{{0,120}}?\b(?:product|service|model"
            rf"|technolog)\w*\b[^.;:]{{0,60}}?{_RIVAL}",
        ),
        unless=cue(
            r"\bcompet\w+ law",
            r"\bunfair(?:ly)? compet",
            r"\bgames?\b[^.;]{0,30}\bcompet",
            r"\bcompete in a\b",
            r"\bnon-compet",
        ),
    ),
    Provision(
        "train_competing",
        "a competitor's access",
        cue(
            r"\bcompetitors?\b[^.;]{0,60}\b(?:not|no) (?:use|access)\b",
            r"\b(?:access|use)\b[^.;]{0,80}\bif you are\b[^.;]{0,40}\bcompetitor",
        ),
        score=0.7,
    ),
    Provision(
        "train_any",
        "making a model, whether or not it competes",
        model_of_any_kind,
        around=cue(_SOURCE),
        unless=_ABOUT_PROVIDER_OR_PURPOSE,
    ),
    Provision(
        "train_any",
        "training, or machine learning as an activity",
        cue(*_ACTIVITY),
        around=cue(OUTPUT),
        unless=cue(
            _RIVAL,
            r"\bif you do(?: not|n't) want\b",
            r"\b(?:is|are) not used\b",
            r"\b(?:your|customer|user)(?:'s)? (?:data|content)\b",
        ),
        score=0.8,
    ),
)

_DISTILLING = (
    Provision(
        "distill_explicit",
        "distillation by name",
        cue(r"(?<![-\w])(?:distill?|distills|distilling|distillations?)\b(?!-)"),
        modes=ANY,
        parties=EVERYONE,
        unstated=True,
        defined=True,
        unless=cue(
            r"\bdistill\w*-[a-z0-9]",
            r"\barxiv\b",
            r"\bwe (?:demonstrate|show|present)",
            r"\bcommunity to distill",
            r"distillation ?:",
        ),
    ),
)

_PERMITTING = (
    Provision(
        "explicit_permission",
        "models made from output are allowed",
        cue(
            rf"{OUTPUT}[^.;]{{0,240}}?\b{MAKING}\b[^.;:]{{0,140}}?{MODEL}",
            rf"{OUTPUT}[^.;]{{0,240}}?\b(?:(?:re-?)?train(?:ing)?|fine[- ]?tun(?:e|ing)|distil(?:l|ling|lation)?)\b",
            rf"\b(?:distillation|distilling|training other)\b[^.;]{{0,80}}?{MODEL}",
        ),
        modes=ALLOWED,
        unless=cue(
            r"\b(?:we|us) (?:may|can|will|to)\b",
            r"\bgrants? (?!(?:to )?(?:the |each )?(?:you|customer|licensee|user|recipient)s?\b)",
            r"\byour (?:data|content|inputs)\b",
        ),
    ),
    Provision(
        "explicit_permission",
        "a duty for whoever trains on output, so training is allowed",
        cue(
            rf"\b(?:if|where|when)\b[^.;]{{0,240}}?\buse\b[^.;]{{0,160}}?{OUTPUT}[^.;]{{0,160}}?\b{MAKING}"
            rf"\b[^.;:]{{0,140}}?{MODEL}"
        ),
        modes=BOUND,
        unless=cue(r"\bcompet", r"\bterminat"),
        score=0.75,
    ),
)

_SIGN = r"(?:built|made|created|improved|powered|developed|trained|derived|based) (?:with|on|by|using|from|upon)"
_SHOWING = r"\b(?:display|includ|show|add|use|using|stat|plac|affix|mark|label)(?:e|es|s|d|ed|ing|ting)?\b"
_QUOTED = r"(?:\"[^\"]{1,60}\"|'[^']{1,60}')"
_NAMING = (
    Provision(
        "attribution_naming",
        "a name or sign that must be shown",
        cue(
            rf"{_SHOWING}[^.;]{{0,60}}?\"{_SIGN} ",
            rf"\b(?:display|show|affix)(?:s|ed|ing)?\b[^.;\"]{{0,40}}?\b{_SIGN} (?-i:[A-Z])",
            rf"{_QUOTED}[^.;]{{0,20}}?\b(?:must|shall|should) be (?:[a-z]+ly )?(?:displayed|shown|included|placed)\b",
            r"\b(?:includ|add|use|using|contain|start|begin|prefix|insert|plac)(?:e|es|s|ing|ed)?\b[^.;]{0,80}?"
            r"\b(?:at|to|in|with|as) (?:the |a )?(?:beginning|start|front|prefix)\b[^.;]{0,60}?\bnames?\b",
            r"\bnames?\b[^.;]{0,60}?\b(?:begins?|starts?|be prefixed) with\b",
            rf"\b(?:includ|add|contain)\w*\b[^.;]{{0,40}}?{_QUOTED}[^.;]{{0,80}}?\b(?:beginning|start|prefix"
            rf"|part)\b[^.;]{{0,40}}?\bnames?\b",
        ),
        modes=frozenset({Mode.DUTY, Mode.PERMISSION, Mode.RIGHT}),
        parties=EVERYONE,
        unstated=True,
        score=0.95,
    ),
    Provision(
        "attribution_naming",
        "attribution that must be displayed",
        cue(
            rf"\bprominently display\w*\b[^.;]{{0,30}}?(?:{_QUOTED}|\b(?:name|logo|attribution|brand|mark)\b)",
            r"\b(?:display|provide|give|include|show)\b[^.;]{0,30}?\battributions?\b(?! (?:notices?|information"
            r"|details))",
        ),
        modes=BOUND,
        unless=cue(r"\bretain\b", r"\bcopyright\b", r"\bdata\b", r"user-generated", r"\bto your users\b"),
        score=0.8,
    ),
    Provision(
        "attribution_naming",
        "a notice of the model's terms that goes with every copy",
        cue(r"\baccompanied by\b[^.;]{0,20}?\bnotice\b[^.;]{0,80}?\bfollowing\b", r"\bprovided under and subject to\b"),
        modes=BOUND | ALLOWED,
        score=0.65,
    ),
)

_AMOUNT = (
    r"(?:(?:us ?)?(?:\$|usd|eur|€|£) ?[\d,.]+|[\d,.]+ ?(?:million|billion|thousand|m\b|us dollars|usd|dollars|euros?)"
    r"|\b\d[\d,.]{2,}\d\b)"
)
_MEASURE = (
    r"(?:monthly active users?|\bMAUs?\b|active users|(?:annual|yearly|recurring|gross|total|aggregate"
    r"|monthly)[a-z ()/-]{0,30} revenues?"
    r"|revenues?[^.;]{0,40}?(?:annual|per year|calendar year|fiscal year)|in (?:annual )?revenue)"
)
_SCALE = (
    Provision(
        "scale_threshold",
        "a number of users or an amount of revenue",
        cue(rf"{_MEASURE}[^.;]{{0,200}}?{_AMOUNT}", rf"{_AMOUNT}[^.;]{{0,80}}?{_MEASURE}"),
        modes=ANY,
        parties=EVERYONE,
        unstated=True,
        defined=True,
        around=cue(
            r"\b(?:more|greater|less|fewer) than\b", r"\bexceed", r"\b(?:over|below|above|at least|up to|under)\b"
        ),
        unless=cue(r"\b(?:liabilit|indemn|refund|damages)"),
        score=0.95,
    ),
)

_BENCHMARKS = (
    Provision(
        "benchmark_restriction",
        "benchmarking or competitive analysis",
        cue(
            r"\bbenchmark(?:s|ing)?\b",
            r"\b(?:competitive|comparative) (?:monitoring|analys[ei]s|intelligence|tests?|testing|evaluations?)\b",
            r"\b(?:publish|disclos|disseminat)\w*\b[^.;]{0,80}?\b(?:performance|evaluation|test) (?:results?"
            r"|tests?|metrics?|data|information)\b",
            r"\bmonitor\w*\b[^.;]{0,50}?\b(?:availability|performance|functionality)\b",
        ),
        unless=cue(
            r"\b(?:train|improve),?[^.;]{0,20}\bbenchmark, ",
            r"\b(?:not|n't) (?:constitute|be (?:considered|deemed))\b",
            r"\bwaive\b",
        ),
        score=0.85,
    ),
    Provision(
        "benchmark_restriction",
        "a condition on benchmarks made public",
        cue(
            r"\b(?:perform|disclos|publish|conduct|run|replicat)\w*\b[^.;]{0,120}?\bbenchmarks?\b",
            r"\bbenchmarks?\b[^.;]{0,80}?\b(?:disclos|publish)",
        ),
        modes=BOUND,
        around=cue(r"\b(?:will|must|shall|if|provided)\b"),
        unless=cue(r"\bwaive\b"),
        score=0.7,
    ),
    Provision(
        "benchmark_restriction",
        "a competitor's access",
        cue(r"\bcompetitors?\b[^.;]{0,60}\b(?:not|no) (?:use|access)\b"),
        score=0.6,
    ),
)

PROVISIONS_OF_BUILDING: tuple[Provision, ...] = (
    *_TRAINING,
    *_DISTILLING,
    *_PERMITTING,
    *_NAMING,
    *_SCALE,
    *_BENCHMARKS,
)
