"""What numbers count and measure on shops' pages, where they are no prices."""

from __future__ import annotations

from pricemon.core.wordlist import words

UNITS = frozenset(
    words(
        """
        % ml cl dl l g gr kg mg cm mm m m² m2 km w kw v a mah gb tb mb mp hz ghz inch in ″ ”
        ' x × oz lb lbs pcs pc pieces ks kus szt stk stück st шт г кг мл л см мм м reviews
        review ratings rating stars star items item products product results days day hours
        hour years year months month min minutes people sold votes °号 件 個 人 日 月 年
        点 번 개 개월 years+ mhz rpm psi ct kcal kj bewertungen opinii avis recensioni opiniones
        reseñas
        отзывов отзыва отзыв pkt punktów bodů dni dnů dage dager dagar tage
        " jours semaines mois ans días semanas meses años giorni mesi anni dagen weken maanden dní
        nap hónap zile luni дней дня день мес лет dienas mēneši dienos mėn päeva kuud vuotta
        orders comments posts photos likes views followers points clients customers persons
        """
    )
)
