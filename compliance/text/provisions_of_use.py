"""Provisions on use in general: extraction, reverse engineering, resale, limits, ownership, data, ending. Pure."""

from compliance.text.provisions import ANY, BOUND, FORBIDDEN, Provision, cue
from compliance.text.stance import Mode

_EVERYONE = ("user", "provider", "")
_PERSONAL = cue(
    r"\bpersonal(?:ly)?[- ](?:identif\w+ )?(?:data|information)\b|\be-?mail addresses\b|\bphone numbers\b|\bgenerated tweets\b"
)

_EXTRACTION = (
    Provision(
        "automated_extraction", "scraping, crawling or harvesting",
        cue(r"\b(?:scrap(?:e|es|er|ers|ing)|crawl(?:s|er|ers|ing)?|spiders?|(?:web |data )?harvest(?:s|ing)?|data[- ]mining|text and data mining|web data extraction|screen[- ]scrap\w+)\b"),
        unless=_PERSONAL, unstated=True,
    ),
    Provision(
        "automated_extraction", "access or extraction by automated means",
        cue(r"\b(?:automated|automatic|programmatic|non-human|robotic) (?:[a-z]+ ){0,2}?(?:means|methods?|devices?|process\w*|systems?|tools?|scripts?|software|setups?|manner|way)\b"
            r"|\b(?:automated or |non-human |manual or |programmatic or ){1,2}[a-z-]+ (?:means|methods?)\b"
            r"|\b(?:automatically|programmatically|systematically)[a-z ]{0,24}? (?:extract|access|collect|copy|retriev|download|quer)\w*"
            r"|\b(?:us(?:e|ing)|through|via) (?:a |any |of )?(?:bots?|robots?|scripts?|spiders?)\b[^.;]{0,60}?\b(?:access|extract|collect|copy|download|retriev|mirror)"),
        around=cue(r"\b(?:access|extract|collect|copy|copying|captur|obtain|gather|retriev|download|harvest|scrap|quer|us(?:e|ing))\w*\b"),
        unless=cue(r"\baccounts? registered\b|\bgenerated tweets\b|\bautomated[- ]decision|\bmodif(?:y|ied) the services\b|\b(?:register|creat)\w* accounts?\b"),
        score=0.85,
    ),
    Provision(
        "automated_extraction", "extracting or storing data or output",
        cue(r"\b(?:any|other) (?:method|means|process)s? to extract\b|\bextract(?:ing|s)? (?:any |all |or export )?(?:[a-z]+ (?:or|and) )?(?:data|contents?|information|outputs?)\b"
            r"|\b(?:creat|build|compil)\w* (?:a |any )?(?:[a-z]+ )?(?:database|dataset|archive)s? (?:of|from|containing)\b[^.;]{0,40}?\b(?:outputs?|content|results?|services?)\b"),
        unless=_PERSONAL, score=0.85,
    ),
)  # fmt: skip

_INSIDES = (
    r"(?:source[- ]?code|underlying (?:[a-z]+ )?(?:models?|components?|algorithms?|structure|ideas?|technology|systems?|weights?|code|architecture)"
    r"|(?:model(?:'s)? |trained )?weights|(?:model |weight |algorithmic )parameters?|model architecture|object code|trade secrets|system prompts?|inner workings)"
)
_INSPECTION = (
    Provision(
        "reverse_engineer", "reverse engineering",
        cue(r"\breverse[- ]?(?:engineer\w*|assembl\w*|compil\w*)|\bdecompil\w*|\bdisassembl\w*|\bmodel[- ](?:extraction|stealing|inversion)\b|\bstealing attacks?\b"),
        unstated=True, unless=cue(r"\b(?:except|unless)[^.;]{0,20}$"),
    ),
    Provision(
        "reverse_engineer", "reaching what the model is made of",
        cue(rf"\b(?:discover|deriv|extract|obtain|determin|replicat|reconstruct|steal|infer|uncover|expos|access|recreat|duplicat|reveal|remov)\w*\b[^.;]{{0,90}}?\b{_INSIDES}\b"
            r"|\breduce\b[^.;]{0,60}?\bhuman[- ](?:readable|perceivable)\b"),
        unless=cue(r"\bopen[- ]source\b|\bconfidential information\b|\bmake available the source\b"), score=0.85,
    ),
    Provision("reverse_engineer", "copying the service itself", cue(r"\b(?:duplicate|clone|replicate) (?:the|our|any) (?:services?|models?)\b"), score=0.7),
)  # fmt: skip

_LIMITS = (
    Provision(
        "rate_limit_circumvention", "getting round limits or safeguards",
        cue(r"\b(?:circumvent|bypass|evad|exceed|work(?:ing)? around|avoid|overrid|disabl|defeat|remov)\w*\b[^.;]{0,90}?\b(?:rate|usage|use|access|request|technical|safety|security|protective|moderation)?[- ]?"
            r"(?:limits?|limitations?|restrictions?|measures?|safeguards?|mechanisms?|guardrails?|quotas?|filters?|protections?|caps?|controls?)\b"),
        unless=cue(r"\bliabilit|\bcopyright management\b|\bscraping\b"), unstated=True, score=0.8,
    ),
    Provision("rate_limit_circumvention", "several accounts, or accounts in bulk",
              cue(r"\b(?:more than one|multiple|several|additional|duplicate|fake|bulk)\b[^.;]{0,30}?\baccounts?\b|\bregister\w* accounts\b|\bbulk registration\b"), score=0.8),
    Provision("rate_limit_circumvention", "rate limits to keep to", cue(r"\brate limits?\b"), modes=BOUND | FORBIDDEN, score=0.8),
)  # fmt: skip

_SELLING = r"(?:re-?sell(?:s|ing)?|sell(?:s|ing)?|sublicens\w+|leas(?:e|ing)|rent(?:ing)?|lend(?:ing)?|redistribut\w+|timeshar\w+|assign(?:ing)?|transfer(?:ring)?|buy(?:ing)?|loan)"
_CREDENTIALS = r"(?:api keys?|credentials?|log-?in (?:information|details|credentials)|passwords?|access keys?|accounts?|access tokens?)"
_RESALE = (
    Provision(
        "resale_transfer", "selling or passing on the service, output or access",
        cue(rf"\b{_SELLING}\b[^.;]{{0,120}}?\b(?:services?|apis?|api keys?|access|accounts?|outputs?|products?|models?|materials|software|site|any part|credits)\b"),
        unless=cue(r"\b(?:assign|transfer) (?:this|these|your rights|any of your rights|the) ?(?:agreement|terms|rights)?\b|\bpersonal (?:data|information)\b|\bsecurities\b"), score=0.75,
    ),
    Provision(
        "resale_transfer", "sharing keys, credentials or accounts",
        cue(rf"\b(?:shar|mak|giv|disclos|transfer|lend|sell|provid|allow)\w*\b[^.;]{{0,60}}?\b{_CREDENTIALS}\b[^.;]{{0,80}}?\b(?:third part|anyone|others?|any other|available|multiple|someone)"
            rf"|\baccounts?\b[^.;]{{0,20}}?\bnon-transferable\b|\bshare\b[^.;]{{0,40}}?\b{_CREDENTIALS}\b"),
        modes=FORBIDDEN | {Mode.DUTY}, unstated=True, score=0.85,
    ),
    Provision("resale_transfer", "a service built out of the service",
              cue(r"\bpower another\b|\b(?:hosted|managed) (?:or managed )?service\b[^.;]{0,80}|\bon behalf of (?:any )?third part|\bservice bureau\b"), score=0.7),
)  # fmt: skip

_REGIONS = (
    Provision(
        "region_restriction", "only where the service is offered",
        cue(r"\b(?:available|supported|permitted|approved|unsupported|restricted|embargoed|sanctioned) (?:regions?|countries|territor\w+|geograph\w+|locations?|jurisdictions?|models)\b"
            r"|\bgeographies\b|\b(?:countries|regions?)\b[^.;]{0,30}?\b(?:support|available|offer)\w*\b|\bregion where we do not\b|\bvirtual private networks?\b"),
        modes=ANY, parties=_EVERYONE, unless=cue(r"\bdata (?:storage|residency)\b|\bmay not be available\b|\bvary\b|\bprice"), score=0.75,
    ),
    Provision("region_restriction", "not granted to persons of some region",
              cue(r"\b(?:not (?:being )?granted|not apply|not licensed|not authorized|do not use|shall not)\b[^.;]{0,200}?\b(?:domiciled|principal place of business|located|resid\w+|reside)\b[^.;]{0,80}?\b(?:european union|EU|china|states|kingdom|korea|region|territory|country)\b"),
              modes=ANY, parties=_EVERYONE, score=0.8),
)  # fmt: skip

_COMMERCE = (
    Provision("noncommercial", "no commercial use",
              cue(r"\b(?:commercial|business|production)\b[^.;]{0,30}?\b(?:purposes?|use|uses|activit\w+|exploitation|applications?)\b|\bin the course of a commercial activity\b"),
              around=cue(r"\buse|\busing|\bsupply|\bgenerat|\bexploit"),
              unless=cue(r"\bcommercial(?:ly)? (?:reasonable|terms|customers)|\bprior\b[^.;]{0,30}\bwritten|\bmarketing\b|\bharmful\b|\bhot ?news"), score=0.7),
    Provision("noncommercial", "only for research, evaluation or personal purposes",
              cue(r"\b(?:solely|only|exclusively)\b[^.;]{0,60}?\b(?:non-?commercial|personal|research|evaluation|testing|academic)\b[^.;]{0,40}?\b(?:purposes?|use|uses)\b|\bnon-?commercial (?:use|purposes?|research)\b[^.;]{0,20}?(?:only|\.|;|$)"),
              modes=ANY, parties=_EVERYONE, unless=cue(r"\bpersonal (?:data|information)\b"), score=0.7),
)  # fmt: skip

_CONTENT = r"(?:outputs?|generated content|customer content|your content|content|results|generations?|materials)"
_OWNERSHIP = (
    Provision(
        "output_ownership", "who owns output",
        cue(rf"\b(?:own(?:s|ed|ership)?|assign(?:s|ed)?|right, title|rights, title|claims? (?:no|any|ownership)|(?:don't|not) claim)\b[^.;]{{0,160}}?\b(?:outputs?|generated content|generations|your content)\b"
            r"|\b(?:outputs?|generated content)\b[^.;]{0,60}?\b(?:belongs?|owned|yours|your property|ownership)\b|\bownership rights in the outputs?\b"),
        modes=ANY, parties=_EVERYONE, unstated=True,
        unless=cue(r"\b(?:similar|unique|train|does not extend|not considered)\b|\bown (?:internal|your own)\b|\bat your own risk\b|\byour own use\b"), score=0.8,
    ),
)  # fmt: skip
_DISCLOSURE = (
    Provision(
        "output_sharing_disclosure", "output passed off as human, or to be marked as generated",
        cue(r"\b(?:represent|misrepresent|mislead|impl|pass\w* off|claim|suggest)\w*\b[^.;]{0,90}?\b(?:human[- ](?:generated|created|made|written)|by a human|created by (?:a )?(?:human|person))"
            r"|\boutputs?\b[^.;]{0,40}?\bhuman-generated\b|\b(?:indicat|disclos|label|identif|mark)\w*\b[^.;]{0,80}?\b(?:generated by (?:an? )?(?:artificial intelligence|AI|machine)|(?:ai|machine)[- ]generated)"),
        modes=ANY, parties=("user", ""), unstated=True, score=0.85,
    ),
)  # fmt: skip
_DATA = (
    Provision(
        "data_use_by_provider", "the provider's use of what users send or receive",
        cue(r"\b(?:use|uses|using|store|train|training|improv\w+)\b[^.;]{0,120}?\b(?:content|inputs?|outputs?|prompts?|customer data|your data|materials|user data|conversations?)\b[^.;]{0,160}?\b(?:train|training|improv\w*|develop\w*)\b"
            r"|\b(?:train|improve|develop)\w*\b[^.;]{0,80}?\b(?:on|using|with|of) (?:your |customer |user |any )?(?:content|inputs?|outputs?|data|prompts?)\b"),
        modes=frozenset({Mode.RIGHT, Mode.PROHIBITION}), parties=("provider",), score=0.8,
    ),
    Provision("data_use_by_provider", "opting out of training",
              cue(r"\bopt(?:ing)?[- ]?out\b[^.;]{0,120}?\b(?:train\w*|model|improv\w*)\b|\b(?:train|improve|develop|use)\b[^.;]{0,160}?\bopt(?:ing)?[- ]?out\b|\binstruct\b[^.;]{0,40}?\bnot to use\b"),
              modes=ANY, parties=_EVERYONE, unless=cue(r"\barbitrat|\bmarketing|\bnewsletter"), score=0.75),
    Provision("data_use_by_provider", "a licence to user content for the provider",
              cue(r"\bgrants? (?:to )?(?!you\b|customer\b)\w+[^.;]{0,200}?\b(?:licen[sc]e|right)\b[^.;]{0,300}?\b(?:content|inputs?|outputs?|customer data)\b"),
              modes=ANY, parties=_EVERYONE, unless=cue(r"\bgrants? (?:you|customer|licensee)\b|\bfeedback\b"), score=0.6),
)  # fmt: skip
_ENDING = (
    Provision(
        "termination_remedy", "ending or suspending access",
        cue(r"\b(?:may|can|reserves? the right to|have the right to|has the right to)\b[^.;]{0,80}?\b(?:terminat|suspend|restrict|disabl|revok|limit)\w*\b[^.;]{0,120}?\b(?:access|account|agreement|terms|licen[sc]e|use|usage|services?)\b"),
        modes=ANY, parties=("provider", "user", ""), unless=cue(r"\byou may (?:terminate|cancel|stop)\b|\bat any time by\b|\bthird[- ]party\b|\bdisclos"), score=0.75,
    ),
    Provision("termination_remedy", "what ends by itself on a breach, or must be deleted",
              cue(r"\bterminate automatically\b|\bautomatically terminat|\b(?:upon|after) termination\b[^.;]{0,60}?\b(?:delete|cease|destroy)\b"), modes=ANY, parties=_EVERYONE, unstated=True, score=0.7),
)  # fmt: skip
_PASSING_ON = (
    Provision(
        "pass_through_terms", "terms that must be handed on to those who come after",
        cue(r"\b(?:restrictions?|provisions?|terms)\b[^.;]{0,80}?\b(?:enforceable provision|in any (?:type of )?(?:legal )?agreement|passed? (?:on|through|down))\b|\bderivatives?\" means\b[^.]{0,400}?\boutputs?\b"
            r"|\b(?:include|impose|flow down)\b[^.;]{0,60}?\brestrictions?\b[^.;]{0,120}?\b(?:agreement|end users?|recipients?|sublicens)"),
        modes=ANY, parties=_EVERYONE, unstated=True, score=0.8,
    ),
    Provision("pass_through_terms", "terms of a third party, or of the model underneath",
              cue(r"\bsubject to\b[^.;]{0,40}?\b(?:additional |applicable )?third[- ]party (?:licen[sc]e )?terms\b|\boriginally licensed under\b|\bcomply with the (?:applicable )?terms (?:for|of) (?:each|the) model\b|\bmodel terms\b|\bmodel provider'?s? terms\b"),
              modes=ANY, parties=_EVERYONE, unstated=True, score=0.65),
)  # fmt: skip

PROVISIONS_OF_USE: tuple[Provision, ...] = (
    *_EXTRACTION,
    *_INSPECTION,
    *_LIMITS,
    *_RESALE,
    *_REGIONS,
    *_COMMERCE,
    *_OWNERSHIP,
    *_DISCLOSURE,
    *_DATA,
    *_ENDING,
    *_PASSING_ON,
)
