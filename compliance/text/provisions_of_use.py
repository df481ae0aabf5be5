"""Provisions on what may be done with a service: extraction, reverse engineering, limits, resale, regions, commerce. Pure."""

from compliance.text.provisions import ANY, BOUND, EVERYONE, FORBIDDEN, Provision, cue
from compliance.text.stance import Mode

_NOT_OF_THE_SERVICE = cue(
    r"\bpersonal(?:ly)?[- ](?:identif\w+ )?(?:data|information)\b",
    r"\be-?mail addresses\b",
    r"\bgenerated tweets\b",
    r"\bfacial\b",
    r"\bcctv\b",
)
_TAKING = (
    r"(?:access|extract|collect|copy|copying|captur|obtain|gather|retriev|download|harvest|quer|interact|mirror)\w*"
)
_EXTRACTION = (
    Provision(
        "automated_extraction",
        "scraping, crawling or harvesting",
        cue(
            r"\b(?:scrap(?:e|es|er|ers|ing)|crawl(?:s|er|ers|ing)?|spiders?|(?:web |data )?harvest(?:s|ing)?"
            r"|screen[- ]scrap\w+)\b",
            r"\b(?:data[- ]mining|text and data mining|web data extraction)\b",
        ),
        unless=_NOT_OF_THE_SERVICE,
        unstated=True,
    ),
    Provision(
        "automated_extraction",
        "access or extraction by automated means",
        cue(
            rf"\b{_TAKING}\b[^.;]{{0,160}}?\b(?:automated|automatic|programmatic|non-human"
            rf"|robotic) (?:[a-z-]+ ){{0,3}}?"
            r"(?:means|methods?|devices?|process\w*|systems?|tools?|scripts?|software|setups?|manner|way)\b",
            r"\b(?:automated|automatic|programmatic|non-human|robotic) (?:[a-z-]+ ){0,3}?"
            rf"(?:means|methods?|devices?|process\w*|systems?|tools?|scripts?|software|setups?|manner"
            rf"|way)\b[^.;]{{0,80}}?\b{_TAKING}\b",
            r"\b(?:automatically|programmatically|systematically)[a-z ]{0,24}? (?:extract|access|collect|copy"
            r"|retriev|download|quer)\w*",
            rf"\b(?:us(?:e|ing)|through|via) (?:a |any |of )?(?:bots?|robots?|scripts?"
            rf"|spiders?)\b[^.;]{{0,60}}?\b{_TAKING}\b",
        ),
        unless=cue(
            r"\baccounts? registered\b", r"\bgenerated tweets\b", r"\bmodif(?:y|ied) the services\b", r"\bcompromise\b"
        ),
        score=0.85,
    ),
    Provision(
        "automated_extraction",
        "extracting or storing data or output",
        cue(
            r"\b(?:any|other) (?:method|means|process)s? to extract\b",
            r"\bextract(?:ing|s)? (?:any |all |or export )?(?:[a-z]+ (?:or|and) )?(?:data|contents?|information"
            r"|outputs?)\b",
            r"\b(?:creat|build|compil)\w* (?:a |any )?(?:[a-z]+ )?(?:database|dataset|archive)s? (?:of|from"
            r"|containing)\b[^.;]{0,40}?"
            r"\b(?:outputs?|content|results?|services?)\b",
        ),
        unless=_NOT_OF_THE_SERVICE,
        score=0.85,
    ),
)

_INSIDES = (
    r"(?:source[- ]?code|underlying (?:[a-z]+ )?(?:models?|components?|algorithms?|structure|ideas?|technology"
    r"|systems?|weights?|code)"
    r"|(?:model(?:'s)? |trained )?weights|(?:model |weight |algorithmic )parameters?|model architecture"
    r"|object code|trade secrets"
    r"|system prompts?|inner workings)"
)
_REACHING = (
    r"(?:discover|deriv|extract|obtain|determin|replicat|reconstruct|steal|infer|uncover|expos|access|recreat"
    r"|duplicat|reveal|remov)\w*"
)
_INSPECTION = (
    Provision(
        "reverse_engineer",
        "reverse engineering",
        cue(
            r"\breverse[- ]?(?:engineer\w*|assembl\w*|compil\w*)",
            r"\b(?:decompil|disassembl)\w*",
            r"\bmodel[- ](?:extraction|stealing|inversion)\b",
            r"\bstealing attacks?\b",
        ),
        unless=cue(r"\breceiving party\b"),
        unstated=True,
    ),
    Provision(
        "reverse_engineer",
        "reaching what the model is made of",
        cue(
            rf"\b{_REACHING}\b[^.;]{{0,90}}?\b{_INSIDES}\b",
            r"\breduce\b[^.;]{0,60}?\bhuman[- ](?:readable|perceivable)\b",
        ),
        unless=cue(r"\bopen[- ]source\b", r"\bconfidential information\b", r"\bmake available the source\b"),
        score=0.85,
    ),
    Provision(
        "reverse_engineer",
        "copying the service itself",
        cue(r"\b(?:duplicate|clone|replicate) (?:the|our|any) (?:services?|models?)\b"),
        score=0.7,
    ),
)

_LIMITS = (
    Provision(
        "rate_limit_circumvention",
        "getting round limits or safeguards",
        cue(
            r"\b(?:circumvent|bypass|evad|exceed|work(?:ing)? around|overrid|disabl|defeat"
            r"|remov)\w*\b[^.;]{0,90}?\b(?:limits?|limitations?"
            r"|restrictions?|measures?|safeguards?|mechanisms?|guardrails?|quotas?|filters?|protections?|caps?"
            r"|controls?)\b"
        ),
        unless=cue(r"\bliabilit", r"\bcopyright management\b", r"\bscraping;?$"),
        unstated=True,
        score=0.8,
    ),
    Provision(
        "rate_limit_circumvention",
        "several accounts, or accounts in bulk",
        cue(
            r"\b(?:more than one|multiple|several|additional|duplicate|fake|bulk)\b[^.;]{0,30}?\baccounts?\b",
            r"\bregister\w* accounts\b",
            r"\bbulk registration\b",
        ),
        unless=cue(r"\bcredentials\b", r"\bshare\b"),
        score=0.8,
    ),
    Provision(
        "rate_limit_circumvention",
        "rate limits to keep to",
        cue(r"\brate limits?\b"),
        modes=BOUND | FORBIDDEN,
        score=0.8,
    ),
)

_SELLING = (
    r"(?:re-?sell(?:s|ing)?|sell(?:s|ing)?|sublicens(?:e|es|ing)|leas(?:e|ing)|rent(?:ing)?|lend(?:ing)?"
    r"|redistribut\w+|timeshar\w+"
    r"|transfer(?:ring)?|buy(?:ing)?|loan)"
)
_CREDENTIALS = (
    r"(?:api keys?|credentials?|log-?in (?:information|details|credentials)|passwords?|access keys?|accounts?"
    r"|access tokens?)"
)
_RESALE = (
    Provision(
        "resale_transfer",
        "selling or passing on the service, output or access",
        cue(
            rf"\b{_SELLING}\b[^.;]{{0,120}}?\b(?:services?|apis?|api keys?|access|accounts?|outputs?|products?"
            rf"|models?|materials|software"
            r"|site|any part|credits)\b"
        ),
        unless=cue(
            r"\b(?:assign|transfer) (?:this|these|your rights|any of your rights|the) ?(?:agreement|terms|rights)?\b",
            r"\bpersonal (?:data|information)\b",
            r"\bsecurities\b",
        ),
        score=0.75,
    ),
    Provision(
        "resale_transfer",
        "sharing keys, credentials or accounts",
        cue(
            rf"\b(?:shar|mak|giv|disclos|transfer|lend|sell|provid"
            rf"|allow)\w*\b[^.;]{{0,60}}?\b{_CREDENTIALS}\b[^.;]{{0,80}}?"
            r"\b(?:third part|anyone|others?|any other|available|multiple|someone)",
            r"\baccounts?\b[^.;]{0,20}?\bnon-transferable\b",
            rf"\bshare\b[^.;]{{0,40}}?\b{_CREDENTIALS}\b",
        ),
        modes=FORBIDDEN | {Mode.DUTY},
        unstated=True,
        score=0.85,
    ),
    Provision(
        "resale_transfer",
        "a service built out of the service",
        cue(
            r"\bpower another\b",
            r"\b(?:hosted|managed) (?:or managed )?service\b",
            r"\bon behalf of (?:any )?third part",
            r"\bservice bureau\b",
        ),
        score=0.7,
    ),
)

_REGIONS = (
    Provision(
        "region_restriction",
        "only where the service is offered",
        cue(
            r"\b(?:available|supported|permitted|approved|unsupported|restricted|embargoed|sanctioned) "
            r"(?:regions?|countries|territor\w+|geograph\w+|locations?|jurisdictions?|models)\b",
            r"\bgeographies\b",
            r"\b(?:countries|regions?)\b[^.;]{0,30}?\b(?:support|available|offer)\w*\b",
            r"\bregion where we do not\b",
            r"\bvirtual private networks?\b",
        ),
        modes=ANY,
        parties=EVERYONE,
        unless=cue(r"\bdata (?:storage|residency)\b", r"\bmay not be available\b", r"\bvary\b", r"\bprice"),
        score=0.75,
    ),
    Provision(
        "region_restriction",
        "not granted to persons of some region",
        cue(
            r"\b(?:not (?:being )?granted|not apply|not licensed|not authorized|do not use|shall not)\b[^.;]{0,200}?"
            r"\b(?:domiciled|principal place of business|located|resid\w+)\b[^.;]{0,80}?"
            r"\b(?:european union|EU|china|states|kingdom|korea|region|territory|country)\b"
        ),
        modes=ANY,
        parties=EVERYONE,
        score=0.8,
    ),
)

_COMMERCE = (
    Provision(
        "noncommercial",
        "no commercial use",
        cue(
            r"\b(?:commercial|business|production)\b[^.;]{0,30}?\b(?:purposes?|use|uses|activit\w+|exploitation"
            r"|applications?)\b",
            r"\bin the course of a commercial activity\b",
        ),
        around=cue(r"\buse|\busing|\bsupply|\bgenerat|\bexploit"),
        unless=cue(
            r"\bcommercial(?:ly)? (?:reasonable|terms|customers)", r"\bprior\b[^.;]{0,30}\bwritten", r"\bmarketing\b"
        ),
        score=0.7,
    ),
    Provision(
        "noncommercial",
        "only for research, evaluation or personal purposes",
        cue(
            r"\b(?:solely|only|exclusively)\b[^.;]{0,60}?\b(?:non-?commercial|personal|research|evaluation"
            r"|testing|academic)\b[^.;]{0,40}?"
            r"\b(?:purposes?|use|uses)\b",
            r"\bnon-?commercial (?:use|purposes?|research)\b[^.;]{0,20}?(?:only|\.|;|$)",
        ),
        modes=ANY,
        parties=EVERYONE,
        unless=cue(r"\bpersonal (?:data|information)\b"),
        defined=True,
        score=0.7,
    ),
)

PROVISIONS_OF_USE: tuple[Provision, ...] = (*_EXTRACTION, *_INSPECTION, *_LIMITS, *_RESALE, *_REGIONS, *_COMMERCE)
