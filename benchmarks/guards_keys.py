"""Invented keys and tokens for `guards_texts`, each from a form of its own.

A form is text in which `{A36}` stands for 36 random characters of a class: A letters and digits, U capitals
and digits, h hexadecimal, d digits, w letters, digits, `_` and `-`, b base64, l letters, B the letters and
digits of base32, k those of Bech32 in capitals.
"""

from __future__ import annotations

import random
import re
import string

LETTERS = string.ascii_letters
CLASSES = {
    "A": LETTERS + string.digits,
    "U": string.ascii_uppercase + string.digits,
    "h": "0123456789abcdef",
    "d": string.digits,
    "w": LETTERS + string.digits + "_-",
    "b": LETTERS + string.digits + "+/",
    "l": LETTERS,
    "B": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
    "k": "023456789ACDEFGHJKLMNPQRSTUVWXYZ",
}
SLOT = re.compile(r"\{([A-Za-z])(\d+)\}")
FORMS: dict[str, tuple[str, ...]] = {
    "aws_access_key": ("AKIA{B16}", "ASIA{B16}"),
    "aws_secret_key": ("{b39}A",),
    "google_api_key": ("AIza{w34}q",),
    "google_oauth_secret": ("GOCSPX-{w27}q",),
    "google_oauth_token": ("ya29.a0{w120}q",),
    "azure_storage_key": ("{b86}==",),
    "azure_client_secret": ("{A3}8Q~{A34}",),
    "github_token": ("ghp_{A36}", "gho_{A36}", "ghs_{A36}"),
    "github_fine_grained_token": ("github_pat_{A22}_{A59}",),
    "gitlab_token": ("glpat-{A20}", "gldt-{A20}", "glrt-{A20}"),
    "bitbucket_token": ("ATBB{A32}",),
    "atlassian_token": ("ATATT3xFfGF0{A171}={U8}",),
    "slack_token": ("xoxb-{d12}-{d13}-{A24}", "xoxp-{d12}-{d12}-{d13}-{h32}"),
    "slack_app_token": ("xapp-1-A{U10}-{d13}-{h64}",),
    "slack_webhook": ("https://hooks.slack.com/services/T{U8}/B{U8}/{A24}",),
    "discord_token": ("M{A23}.{A6}.{A38}",),
    "discord_webhook": ("https://discord.com/api/webhooks/{d18}/{A68}",),
    "telegram_bot_token": ("7{d9}:AA{A33}",),
    "openai_key": ("sk-proj-{A48}", "sk-svcacct-{A60}"),
    "openai_legacy_key": ("sk-{A20}T3BlbkFJ{A20}",),
    "anthropic_key": ("sk-ant-api03-{A93}AA",),
    "openrouter_key": ("sk-or-v1-{h64}",),
    "huggingface_token": ("hf_{l34}",),
    "replicate_token": ("r8_{A37}",),
    "groq_key": ("gsk_{A52}",),
    "perplexity_key": ("pplx-{A48}",),
    "xai_key": ("xai-{A80}",),
    "langsmith_key": ("lsv2_pt_{h32}_{h10}",),
    "stripe_key": ("sk_live_{A24}", "rk_live_{A99}", "sk_test_{A24}"),
    "stripe_webhook_secret": ("whsec_{A32}",),
    "square_token": ("sq0atp-{A22}", "sq0csp-{A43}"),
    "paypal_braintree_token": ("access_token$production${h16}${h32}",),
    "shopify_token": ("shpat_{h32}", "shpss_{h32}"),
    "twilio_key": ("SK{h32}",),
    "sendgrid_key": ("SG.{A22}.{A43}",),
    "mailgun_key": ("key-{h32}",),
    "mailchimp_key": ("{h32}-us14",),
    "brevo_key": ("xkeysib-{h64}-{A16}",),
    "npm_token": ("npm_{A36}",),
    "pypi_token": ("pypi-AgEIcHlwaS5vcmc{A140}",),
    "rubygems_key": ("rubygems_{h48}",),
    "docker_token": ("dckr_pat_{A27}",),
    "digitalocean_token": ("dop_v1_{h64}",),
    "heroku_key": ("HRKU-AA{A58}",),
    "netlify_token": ("nfp_{A36}",),
    "datadog_key": ("{h32}",),
    "newrelic_key": ("NRAK-{U27}",),
    "grafana_token": ("glsa_{A32}_{h8}",),
    "hashicorp_vault_token": ("hvs.{A90}",),
    "terraform_cloud_token": ("{A14}.atlasv1.{A67}",),
    "doppler_token": ("dp.pt.{A43}",),
    "databricks_token": ("dapi{h32}",),
    "supabase_key": ("sbp_{h40}",),
    "planetscale_token": ("pscale_tkn_{A43}",),
    "notion_token": ("secret_{A43}", "ntn_{A46}"),
    "linear_key": ("lin_api_{A40}",),
    "airtable_token": ("pat{A14}.{h64}",),
    "figma_token": ("figd_{A40}",),
    "hubspot_token": ("pat-na1-{h8}-{h4}-{h4}-{h4}-{h12}",),
    "postman_key": ("PMAK-{h24}-{h34}",),
    "asana_token": ("1/{d16}:{h32}",),
    "age_key": ("AGE-SECRET-KEY-1{k58}",),
    "jwt": ("eyJhbGciOiJIUzI1NiJ9.eyJ{A60}.{A43}",),
    "private_key": (
        "-----BEGIN RSA PRIVATE KEY-----\n{b64}\n{b64}\n{b30}==\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\\n{b64}\\n{b52}\\n-----END PRIVATE KEY-----",
        "-----BEGIN OPENSSH PRIVATE KEY-----\n{b70}\n{b70}\n-----END OPENSSH PRIVATE KEY-----",
    ),
}
NAMED = {
    "aws_secret_key": "aws_secret_access_key = {}",
    "datadog_key": "DD_API_KEY={}",
}
"""Sentences for kinds whose form alone says nothing."""


def key(rng: random.Random, kind: str) -> str:
    """One invented key of a kind."""
    form = rng.choice(FORMS[kind])
    return SLOT.sub(lambda slot: "".join(rng.choices(CLASSES[slot[1]], k=int(slot[2]))), form)
