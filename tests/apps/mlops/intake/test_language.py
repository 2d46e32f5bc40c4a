import pytest

from pilothouse.apps.mlops.intake.language import language
from pilothouse.apps.mlops.intake.text import fold
from pilothouse.apps.mlops.intake.tokens import tokenize


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("We need a model for our shop", "en"),
        ("Wir brauchen ein Modell für unseren Laden", "de"),
        ("Nous avons besoin d'un modèle pour notre magasin", "fr"),
        ("Necesitamos un modelo para nuestra tienda", "es"),
        ("Abbiamo bisogno di una soluzione per il nostro negozio", "it"),
        ("Precisamos de um modelo para os nossos clientes", "pt"),
        ("Wij willen een model voor onze winkel", "nl"),
        ("Нам нужна модель", "ru"),
        ("我们需要一个模型", "zh"),
        ("モデルが必要です", "ja"),
        ("모델이 필요합니다", "ko"),
        ("نحتاج إلى نموذج", "ar"),
        ("אנחנו צריכים מודל", "he"),
        ("हमें एक मॉडल चाहिए", "hi"),
        ("Χρειαζόμαστε ένα μοντέλο", "el"),
        ("เราต้องการแบบจำลอง", "th"),
        ("Մեզ մոդել է պետք", "und"),
        ("blorp wug flimble", "und"),
    ],
)
def test_language_is_told_by_script_or_common_words(text: str, code: str) -> None:
    assert language(tokenize(fold(text)), known=False) == code


def test_a_telegram_of_known_words_is_taken_for_english() -> None:
    assert language(tokenize(fold("fraud detection, AWS")), known=True) == "en"
