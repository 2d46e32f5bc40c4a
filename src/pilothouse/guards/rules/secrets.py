"""Rules for secrets: keys and tokens by the form that their issuer gives them, private keys, passwords.

A row says the kind, the pattern, the bits of entropy per character that a real one has at least, and words
that must stand near where the form alone says too little. Sources are the issuers' own pages.
"""

from __future__ import annotations

from typing import NamedTuple

from pilothouse.guards.checks import entropy, random_enough
from pilothouse.guards.rules.rule import Rule


class Row(NamedTuple):
    """One kind of key."""

    type: str
    pattern: str
    bits: float = 3.0
    words: str = ""


ROWS = (
    Row("aws_access_key", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b", 2.5),
    Row(
        "aws_secret_key",
        r"(?:^|[^A-Za-z0-9/+])([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)",
        4.0,
        r"aws|amazon|secret_?access_?key",
    ),
    Row("aws_bedrock_key", r"\bABSK[A-Za-z0-9+/]{109,269}={0,2}", 3.5),
    Row("google_api_key", r"\bAIza[0-9A-Za-z_-]{35}"),
    Row("google_oauth_secret", r"\bGOCSPX-[0-9A-Za-z_-]{28}"),
    Row("google_oauth_token", r"\bya29\.[0-9A-Za-z_-]{20,400}"),
    Row("azure_storage_key", r"(?:^|[^A-Za-z0-9/+])([A-Za-z0-9/+]{86}==)", 4.0),
    Row("azure_client_secret", r"\b[A-Za-z0-9_~.]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}", 3.5),
    Row("azure_sas_signature", r"(?i)[?&]sig=([a-z0-9%/+]{43,70}(?:%3d|=)?)", 3.5),
    Row("github_token", r"\bgh[pousr]_[A-Za-z0-9]{36,251}\b"),
    Row("github_fine_grained_token", r"\bgithub_pat_[A-Za-z0-9_]{82}\b"),
    Row("gitlab_token", r"\bgl(?:pat|ptt|dt|rt|cbt|ft|soat|agent|imt|oas)-[0-9A-Za-z_-]{20,64}"),
    Row("bitbucket_token", r"\bATBB[A-Za-z0-9]{32,36}\b"),
    Row("atlassian_token", r"\bATATT3[A-Za-z0-9_=-]{180,230}", 3.5),
    Row("slack_token", r"\bxox[abposre]-(?:\d{1,3}-)?[0-9A-Za-z-]{10,240}"),
    Row("slack_app_token", r"\bxapp-\d-[A-Z0-9]{8,14}-\d{8,16}-[a-f0-9]{32,80}"),
    Row("slack_webhook", r"(?:https://)?\bhooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/]{20,90}"),
    Row("discord_token", r"\b[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}", 3.5),
    Row(
        "discord_webhook", r"(?:https://)?\bdiscord(?:app)?\.com/api/webhooks/\d{17,20}/[A-Za-z0-9_-]{60,72}"
    ),
    Row("telegram_bot_token", r"\b\d{8,10}:AA[A-Za-z0-9_-]{33}", 3.5),
    Row("openai_key", r"\bsk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,180}"),
    Row("openai_legacy_key", r"\bsk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}\b"),
    Row("anthropic_key", r"\bsk-ant-(?:api|admin|sid|oat)\d{2}-[A-Za-z0-9_-]{80,120}"),
    Row("openrouter_key", r"\bsk-or-v1-[a-f0-9]{64}\b"),
    Row("huggingface_token", r"\b(?:hf|api_org)_[A-Za-z]{34}\b"),
    Row("replicate_token", r"\br8_[A-Za-z0-9]{37}\b"),
    Row("groq_key", r"\bgsk_[A-Za-z0-9]{52}\b"),
    Row("perplexity_key", r"\bpplx-[A-Za-z0-9]{48}\b"),
    Row("xai_key", r"\bxai-[A-Za-z0-9]{80}\b"),
    Row("cohere_key", r"\b[A-Za-z0-9]{40}\b", 4.0, r"cohere"),
    Row("langsmith_key", r"\blsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}\b"),
    Row("stripe_key", r"\b[sr]k_(?:live|test|prod)_[A-Za-z0-9]{16,120}\b"),
    Row("stripe_webhook_secret", r"\bwhsec_[A-Za-z0-9+/=]{24,64}"),
    Row("square_token", r"\b(?:EAAA[A-Za-z0-9_-]{60}|sq0[a-z]{3}-[A-Za-z0-9_-]{22,43})"),
    Row("paypal_braintree_token", r"\baccess_token\$(?:production|sandbox)\$[a-z0-9]{16}\$[a-f0-9]{32}\b"),
    Row("shopify_token", r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b"),
    Row("twilio_key", r"\bSK[a-f0-9]{32}\b"),
    Row("sendgrid_key", r"\bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}"),
    Row("mailgun_key", r"\bkey-[a-f0-9]{32}\b"),
    Row("mailchimp_key", r"\b[a-f0-9]{32}-us\d{1,2}\b"),
    Row("brevo_key", r"\bxkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}\b"),
    Row("npm_token", r"\bnpm_[A-Za-z0-9]{36}\b"),
    Row("pypi_token", r"\bpypi-AgEI[A-Za-z0-9_-]{50,300}", 3.5),
    Row("rubygems_key", r"\brubygems_[a-f0-9]{48}\b"),
    Row("docker_token", r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{27,40}"),
    Row("digitalocean_token", r"\bdo[opr]_v1_[a-f0-9]{64}\b"),
    Row("heroku_key", r"\bHRKU-[A-Za-z0-9_-]{36,64}"),
    Row("fly_token", r"\bfm[12][ar]?_[A-Za-z0-9+/=_-]{60,400}"),
    Row("netlify_token", r"\bnfp_[A-Za-z0-9_]{36}\b"),
    Row("cloudflare_key", r"\b(?:v1\.0-[a-f0-9]{24}-[a-f0-9]{146}|cf(?:ut|k|at)_[A-Za-z0-9]{40,60})\b"),
    Row("datadog_key", r"\b(?:[a-f0-9]{32}|[a-f0-9]{40})\b", 3.0, r"data ?dog|dd_(?:api|app)_?key"),
    Row("newrelic_key", r"\bNR(?:AK|II|JS|RA)-[A-Z0-9a-f-]{19,32}\b"),
    Row("grafana_token", r"\bgl(?:sa_[A-Za-z0-9]{32}_[a-f0-9]{8}|c_[A-Za-z0-9+/]{32,400}={0,2})"),
    Row("sentry_token", r"\bsntr[yus]{1,2}_[A-Za-z0-9+/=_]{40,200}"),
    Row("pagerduty_key", r"\b[uy]\+[A-Za-z0-9_-]{18}\b|\bpdus\+_[A-Za-z0-9_+-]{20,60}"),
    Row("hashicorp_vault_token", r"\bhv[sbr]\.[A-Za-z0-9_-]{24,200}"),
    Row("terraform_cloud_token", r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}"),
    Row("doppler_token", r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}\b"),
    Row("onepassword_token", r"\bops_eyJ[A-Za-z0-9+/_-]{100,800}={0,3}"),
    Row("databricks_token", r"\bdapi[a-f0-9]{32}(?:-\d)?\b"),
    Row("snowflake_key", r"\bver:\d-hint:\d{4,20}-ETMsDgAAA[A-Za-z0-9+/=]{40,300}"),
    Row("supabase_key", r"\bsb(?:p_[a-f0-9]{40}|_secret_[A-Za-z0-9_-]{22,40})\b"),
    Row("planetscale_token", r"\bpscale_(?:tkn|pw|oauth)_[A-Za-z0-9_=.-]{32,64}"),
    Row("notion_token", r"\b(?:secret_[A-Za-z0-9]{43}|ntn_[A-Za-z0-9]{40,50})\b"),
    Row("linear_key", r"\blin_(?:api|oauth)_[A-Za-z0-9]{32,64}\b"),
    Row("airtable_token", r"\bpat[A-Za-z0-9]{14}\.[a-f0-9]{64}\b"),
    Row("figma_token", r"\bfig[dour]_[A-Za-z0-9_-]{40,60}"),
    Row("hubspot_token", r"\bpat-(?:na|eu)\d-[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}\b"),
    Row("postman_key", r"\bPMAK-[a-f0-9]{24}-[a-f0-9]{34}\b"),
    Row("asana_token", r"\b[012]/\d{14,18}(?:/\d{14,18})?:[a-f0-9]{32}\b"),
    Row("dropbox_token", r"\bsl\.(?:u\.)?[A-Za-z0-9_-]{130,1000}", 3.5),
    Row("facebook_token", r"\bEAA[A-Za-z0-9]{80,300}\b", 3.5),
    Row("mapbox_token", r"\bsk\.eyJ[A-Za-z0-9_-]{50,110}\.[A-Za-z0-9_-]{22}", 3.5),
    Row("age_key", r"\bAGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}\b"),
    Row("jwt", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*", 3.5),
)
SURE = 0.99
"""More than any number in it that happens to have a check digit, so that a key is masked whole."""
PEM = r"(?:(?:RSA|DSA|EC|OPENSSH|ENCRYPTED|PGP|SSH2 ENCRYPTED) )?PRIVATE KEY(?: BLOCK)?"


def _rule(row: Row) -> Rule:
    what = f"its form and {row.bits:g} bits of entropy per character"
    return Rule(
        row.type,
        row.pattern,
        what + (", beside words that name it" if row.words else ""),
        "",
        SURE,
        check=random_enough(row.bits),
        context=row.words,
        required=bool(row.words),
        raised=SURE,
    )


def _password(text: str) -> bool:
    """More than a word, and no code: neither a variable nor a placeholder nor what a function returns."""
    if text[0] in "<{$%([" or len(set(text)) < 4:
        return False
    name = text.replace("[", "(").partition("(")[0]
    dotted = all(part.isidentifier() for part in name.split("."))
    if dotted and ("." in name or name != text) and not any(one.isdigit() for one in name):
        return False
    return any(not one.isalpha() for one in text) and entropy(text) >= 2.3


RULES = (
    *(_rule(row) for row in ROWS),
    Rule(
        "private_key",
        rf"-----BEGIN {PEM}-----(?:[^-]|-[^-])*-----END {PEM}-----",
        "a whole block between BEGIN and END PRIVATE KEY",
        "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBkg\n-----END EC PRIVATE KEY-----",
        1.0,
    ),
    Rule(
        "private_key",
        rf"-----BEGIN {PEM}-----(?:(?:\s|\\[rn])*[A-Za-z0-9+/=]{{16,}})*",
        "the beginning of a block that has lost its end",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA",
        0.98,
    ),
    Rule(
        "bearer_token",
        r"(?i)\b(?:bearer|basic|token) ([a-z0-9._~+/-]{16,}=*)",
        "what follows `Bearer` or `Basic`, with 3.2 bits of entropy per character",
        "Authorization: Bearer 9fQ2xL7vKc3TzR8wYb5N",
        0.9,
        check=random_enough(3.2),
    ),
    Rule(
        "generic_secret",
        r"(?i)(?:api|app|secret|access|auth|private|signing|client|encryption|account)[ _-]?(?:key"
        r"|token|secret)s?"
        r"[\"']?(?: ?(?::|=|:=|=>) ?| is )[\"']?([a-z0-9._~+/=-]{16,200})",
        "what a name for keys is set to, with 3.2 bits of entropy per character",
        'client_secret = "9fQ2xL7vKc3TzR8wYb5N"',
        0.9,
        check=random_enough(3.2),
    ),
    Rule(
        "password",
        r"(?i)(?:passw(?:or)?d|passphrase|pwd|passwort|contrase[nñ]a|mot de passe|kennwort|senha)[\"']?"
        r"(?: ?(?::|=|:=|=>) ?| is (?:now )?)[\"']?([^\s\"',;]{6,100})",
        "what a name for passwords is set to, where it is more than a word",
        "password: Tr4wl3r-haven",
        0.9,
        check=_password,
        whole=False,
    ),
)
