"""Which words around a run of digits say what it is: a telephone, an identity, something else.

The nearest word decides. Words are those of the languages our sets are in; a language that is
not here is not misread, it only names nothing.
"""

import re
from typing import Literal

Kind = Literal["identity", "phone", "card", "other"]

REACH = 40
"""Characters looked at on each side."""

_NUMBER = r"(?:[ -]?(?:number|num|nr|no|#)\.?)?"
_WORDS: dict[Kind, re.Pattern[str]] = {
    "identity": re.compile(
        r"(?<!\w)(?:ssn|s\.s\.n\.|social[ -]security|social[ -]insurance|nino?|national insurance"
        r"|(?:national|personal|citizen|resident|government|tax(?:payer)?)[ -]?id\w*|id(?:entity|entification)? (?:card|number|no\.?|code)|identity"
        r"|identification|tax(?:payer)?[ -]?(?:id\w*|number|no\.?|reference)|personal (?:number|code)"
        r"|citizen (?:number|id)|sécurité sociale|numéro (?:de sécu|national|avs|fiscal)|avs"
        r"|sozialversicherungs\w*|ahv\w*|steuer-?(?:id\w*|nummer)|personalausweis\w*|bsn"
        r"|burgerservicenummer|rijksregister\w*|sofinummer|pesel|cpf|rg|codice fiscale|dni|nie|nif|nuss"
        r"|seguridad social|rut|run|curp|rfc|nss|cuil|cuit|cédula|personnummer|samordningsnummer"
        r"|fødselsnummer|fodselsnummer|cpr(?:-nummer)?|hetu|henkilötunnus|kennitala|isikukood"
        r"|asmens kodas|personas kods|rodné číslo|oib|emšo|jmbg|egn|егн|cnp|tckn|tc kimlik|kimlik\w*"
        r"|amka|αμκα|afm|αφμ|снилс|инн|іпн|рнокпп|pps|pan number|aadhaar|nik|nric|my ?kad|tfn|ird|sin"
        r"|id[ -]?nummer|identitätsnummer|ausweis(?:nummer)?|személyi szám|taj|tax id|tin)"
        rf"{_NUMBER}(?!\w)"
        r"|マイナンバー|個人番号|身份证|身分證|주민등록번호|ת\.?ז",
        re.IGNORECASE,
    ),
    "phone": re.compile(
        r"(?<!\w)(?:(?:tele|smart)?phones?|phone no\.?|telefon\w*|téléphone\w*|tel|telf?|tlf|tfno|fon|fono"
        r"|call(?:ed|ing|s|back)?|mobiles?|mobil\w*|cell(?:ular)?|fax|contact|reach(?:ed|able)?|ring|dial"
        r"|text(?: me| us)|(?<=can )text|(?<=please )text|(?<=or )text|sms|whatsapp|signal|viber|landline|hotline|helpline|handy\w*|nummer|anruf\w*|ruf\w*"
        r"|erreich\w*|rückruf|appel\w*|joindre|portable|numéro|teléfono|móvil|llam\w*|celular|número"
        r"|telefono|cellulare|chiam\w*|numero|bel(?:len)?|gsm|telefoon\w*|zadzwoń|dzwon\w*|komórk\w*"
        r"|ligue|ligar|telemóvel|ring på|ringe?|mob|puh|puhelin|soita|numar|numărul|sun[aă]\w*|apel\w*"
        r"|telefonszám|hív\w*|zavolej\w*|volat|volejte|číslo|cep|ara\w*|τηλ\w*|κινητό|тел\w*"
        r"|номер|позвон\w*|дзвон\w*|my number)"
        rf"{_NUMBER}(?!\w)|電話|携帯|电话|手机|전화|휴대폰",
        re.IGNORECASE,
    ),
    "card": re.compile(
        r"(?<!\w)(?:cards?|card-like|visa|mastercard|master card|amex|maestro|pan|cc|credit|debit|charged?"
        r"|kreditkarte\w*|karte|carte|tarjeta|carta|kaart|karta|cartão|kort|kortti|kart)"
        rf"{_NUMBER}(?!\w)|クレジット|卡号|카드",
        re.IGNORECASE,
    ),
    "other": re.compile(
        r"(?<!\w)(?:order|purchase|invoice|bill|receipt|ticket|case|incident|request|version|release|build"
        r"|commit|revision|ref|reference|sku|part|item|article|product|batch|lot|serial|tracking|parcel"
        r"|shipment|awb|isbn|issn|ean|upc|gtin|doi|total|subtotal|amount|sum|price|cost|balance|paid|usd"
        r"|eur|gbp|chf|jpy|ip|ipv4|host|server|node|port|mac|pid|model|page|chapter|line|row|column|meter"
        r"|quantity|qty|account|account-like|acct|iban|customer|client|member|user|session"
        r"|transaction|txn|trace|span|job|run|batch|event|message|record|entry|key|token|tokens|bytes"
        r"|size|length|count|offset|seed|hash|checksum|latitude|longitude|lat|lon|coordinates|timestamp"
        r"|epoch|unix|date|time|logged|since epoch|room|zip|postcode|postal|id|uuid|no|nr|code|pin|otp"
        r"|bestellung|rechnung|auftrag|vorgang|konto\w*|betrag|summe|commande|facture|montant|colis"
        r"|pedido|factura|importe|ordine|fattura|importo|bestelling|factuur|bedrag|zamówienie|faktura"
        r"|kwota|encomenda|fatura|pedido|beställning|belopp|ordre)(?!\w)|[$€£¥#]|注文|订单|주문",
        re.IGNORECASE,
    ),
}
_BOUNDARY = re.compile(
    r"(?<!\btel)(?<!\bno)(?<!\bnr)(?<!\bref)[.!?]\s|[\n;]|\d[\d ().-]{5,}\d"
    r"|(?<!\w)(?=\w*\d\w*\d\w*\d)\w{7,}",
    re.IGNORECASE,
)
_CLAIM = re.compile(
    r"\s*(?:\(|[-–=]|(?:is|was|ist|est|es|è|é|jest|är|on)\s)([^.!?;\n\d]{0,24})", re.IGNORECASE
)
"""What names a number after it: `is my mobile`, `(fax)`, `- private phone`."""
_NEIGHBOUR = re.compile(r"([^\W\d_]+)['’]? *[:=]? *\(?\Z")
_LINKS = frozenset({
    "a", "ab", "al", "am", "an", "and", "at", "auf", "bei", "by", "chez", "com", "con", "da", "de",
    "di", "do", "e", "el", "en", "és", "et", "for", "fra", "från", "i", "ili", "im", "in",
    "is", "ist", "já", "je", "la", "me", "mit", "na", "nach", "no", "od", "of", "oder", "on", "op",
    "or", "ou", "på", "para", "per", "po", "pod", "pour", "pri", "s", "sa", "sau", "sotto", "sub",
    "sur", "to", "tu", "u", "um", "und", "us", "under", "unter", "using", "via", "with", "y", "z",
    "za", "zu", "είναι", "στο", "ve", "или", "на", "по",
})  # fmt: skip
"""Words that name nothing: a number right after one of them is not its number."""


def nearest_word(before: str, after: str = "") -> Kind | None:
    """Return what the words around a candidate call it; those before it count first.

    A sentence's end or another number ends the search: its word is used up.
    """
    clause = _BOUNDARY.split(before[-REACH:])[-1]
    ends: dict[Kind, int] = {
        kind: max((match.end() for match in pattern.finditer(clause)), default=-1)
        for kind, pattern in _WORDS.items()
    }
    if "," in clause[max(ends["other"], 0) :]:
        ends["other"] = -1  # `for my account, 555-0100`: a comma ends what the number is not
    nearest: Kind = max(_WORDS, key=lambda kind: ends[kind])
    if ends[nearest] >= 0:
        return nearest
    claim = _CLAIM.match(after)
    if claim is None:
        return None
    claims: tuple[Kind, ...] = ("identity", "phone")
    places: dict[Kind, int] = {
        kind: m.start() for kind in claims if (m := _WORDS[kind].search(claim.group(1)))
    }
    return min(places, key=lambda kind: places[kind]) if places else None


def is_labelled(before: str) -> bool:
    """Say whether a plain word stands right before a candidate, as in `voucher 1234-5678`.

    Such a word names the number as something we do not know. A name written large, a link word
    such as `at`, and a sentence's end name nothing.
    """
    if (
        not before
        or before[-1] in ".!?;\n"
        or before.rstrip(" ").endswith((".", "!", "?", ",", ")"))
    ):
        return before.endswith(("=", "_", "/"))
    match = _NEIGHBOUR.search(before[-REACH:])
    if match is None:
        return before.rstrip().endswith(("=", "_", "/", "-", "*"))
    word = match.group(1)
    return word.islower() and word not in _LINKS
