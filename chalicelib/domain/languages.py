"""Language tags (BCP 47): their shape, what files say instead of them, and what to call a language."""

from __future__ import annotations

import re

UNKNOWN = "und"
MAX_CHARS = 35
"""RFC 5646 section 4.4.1: enough for every tag that is in use."""
_TAG = re.compile(
    r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|[0-9]{3}))?(-([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(-x(-[a-z0-9]{1,8})+)?"
)
_SCRIPT_CHARS = 4
_REGION_CHARS = 2
_LANGUAGES = """
ar ara العربية|bg bul български|bn ben বাংলা|ca cat català|cs cze,ces čeština|cy wel,cym Cymraeg|da dan dansk
de ger,deu Deutsch|el gre,ell ελληνικά|en eng English|es spa español|et est eesti|eu baq,eus euskara|fa per,fas فارسی
fi fin suomi|fr fre,fra français|ga gle Gaeilge|gl glg galego|gu guj ગુજરાતી|he heb עברית|hi hin हिन्दी|hr hrv hrvatski
hu hun magyar|hy arm,hye հայերեն|id ind Bahasa Indonesia|is ice,isl íslenska|it ita italiano|ja jpn 日本語
ka geo,kat ქართული|kk kaz қазақ тілі|ko kor 한국어|lt lit lietuvių|lv lav latviešu|mk mac,mkd македонски|ml mal മലയാളം
mr mar मराठी|ms may,msa Bahasa Melayu|nb nob norsk bokmål|nl dut,nld Nederlands|nn nno norsk nynorsk|no nor norsk
pa pan ਪੰਜਾਬੀ|pl pol polski|pt por português|ro rum,ron română|ru rus русский|sk slo,slk slovenčina|sl slv slovenščina
sq alb,sqi shqip|sr srp српски|sv swe svenska|sw swa Kiswahili|ta tam தமிழ்|te tel తెలుగు|th tha ไทย|tr tur Türkçe
uk ukr українська|ur urd اردو|vi vie Tiếng Việt|zh chi,zho 中文
"""
"""ISO 639-1, both codes of ISO 639-2 where they differ, and what its speakers call it."""
_ROWS = [row.split(maxsplit=2) for row in _LANGUAGES.strip().replace("\n", "|").split("|")]
_NAMES = {short: name for short, _, name in _ROWS}
_SHORT = {long: short for short, longs, _ in _ROWS for long in longs.split(",")}


def normalised(tag: str) -> str:
    """Return a tag as it is written: `DE-at` is `de-AT`; three letters become two where there are two (RFC 5646).

    Raises ValueError for text of another shape.
    """
    plain = tag.lower()
    if len(plain) > MAX_CHARS or _TAG.fullmatch(plain) is None:
        raise ValueError(f"{tag[:MAX_CHARS]!r} is no language tag; one looks like en, de-AT or zh-Hans")
    first, *rest = plain.split("-")
    parts, private = [_SHORT.get(first, first)], False
    for part in rest:
        private = private or part == "x"
        parts.append(part if private else _cased(part))
    return "-".join(parts)


def _cased(part: str) -> str:
    if len(part) == _SCRIPT_CHARS and part.isalpha():
        return part.title()
    return part.upper() if len(part) == _REGION_CHARS else part


def from_file(text: str) -> str:
    """Return the tag of what a media file says of a track's language, `und` when that is nothing one can use."""
    try:
        return normalised(text.strip().replace("_", "-"))
    except ValueError:
        return UNKNOWN


def public_tag(tag: str) -> str:
    """Return a normalised tag without its private part: what players may compare with a person's languages."""
    return tag.split("-x-", 1)[0]


def display_name(tag: str) -> str:
    """Return what to call a normalised tag in a menu: `Deutsch`, `Deutsch (AT)`; the tag itself when it is rare."""
    first, *rest = public_tag(tag).split("-")
    if first == UNKNOWN:
        return "Unknown language"
    if first not in _NAMES:
        return public_tag(tag)
    return f"{_NAMES[first]} ({'-'.join(rest)})" if rest else _NAMES[first]
