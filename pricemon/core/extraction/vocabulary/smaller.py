"""The vocabulary of labels in the languages of smaller markets, as `phrases` has it.

Baltic, Balkan, Caucasian, Turkic, Semitic, Persian, Vietnamese and Malay; and, in every language,
what savings and single pieces are called.
"""

from __future__ import annotations

from pricemon.core.extraction.vocabulary.phrases import table

SMALLER = table(
    PRICE="""
        hinnaga, toote hind, kaina už, prekės kaina, cena ar pvn, cena eur, verðið, çmimi yt,
        ფასი, პროდუქტის ფასი, გინը, գինը, արժեքը, qiyməti, qiymeti, narxi, narx, үнэ, баасы,
        нархи, τιμή μας, τιμη, τελική τιμή, цијена, цена со ддв, presyo, السعر الآن, بسعر,
        قیمت نهایی, قیمت برای شما, מחיר מבצע, המחיר, giá bán, đơn giá, harga kami, harga jual
    """,
    NOW="""
        soodushind, kampaaniahind, eripakkumine, e hind, akcijos kaina, kaina su nuolaida,
        speciali kaina, dabar, akcijas cena, īpašā cena, tagad, cena ar atlaidi, tilboð,
        tilboðsverð, núna, nú, akcijska cijena, akcijska cena, cijena s popustom,
        cena sa popustom, za uplatu, za plačilo, web cena, internet cijena, mp akcijska,
        акциска цена, цена со попуст, сега, промо цена, промоция, προσφορά, τιμή προσφοράς, μόνο,
        με έκπτωση, çmimi i ri, oferta, ფასდაკლებით, აქციის ფასი, ակցիա, endirimli qiymət, nağd,
        nağd alışda, nəğd, aksiya, yangi narx, chegirma narxi, жаңа баға, арзан, الآن,
        السعر بعد الخصم, بعد الخصم, عرض, قیمت با تخفیف, עכשיו, מבצע, לאחר הנחה, giá khuyến mãi,
        giá ưu đãi, chỉ còn, chỉ, harga promo, harga diskon, sekarang, harga tawaran, kini
    """,
    LIST="""
        tavahind, vana hind, endine hind, jaehind, alghind, senoji kaina, sena kaina,
        įprasta kaina, įprastinė kaina, kaina be nuolaidos, vecā cena, parastā cena, bijusī cena,
        cena bez atlaides, pirms atlaides, fullt verð, verð áður, áður, mp cena, mp cijena,
        maloprodajna cena, maloprodajna cijena, stara cijena, ranija cena, prethodna cijena,
        prejšnja cena, pmc, cena pred popustom, cijena prije popusta, редовна цена,
        претходна цена, малопродажна цена, препоръчителна цена, αρχική τιμή, παλιά τιμή,
        τιμή καταλόγου, πλτ, çmimi i vjetër, çmimi fillestar, ძველი ფასი, ფასდაკლებამდე, հին գին,
        հին գինը, köhnə qiymət, əvvəlki qiymət, eski narx, ескі баға, хуучин үнэ, قبل, بدلا من,
        بدلاً من, السعر قبل الخصم, السعر الأصلي, قیمت اصلی, قیمت مصرف کننده, במקום, מחיר מקורי,
        מחיר קודם, מחיר לפני, מחיר מחירון, giá thị trường, giá trước, harga coret, harga sebelum,
        harga awal, harga biasa
    """,
    SECONDARY="""
        retourkosten, rücksendung, rücksendekosten, retoure, frais de retour,
        gastos de devolución, החזר, לבעלי כרטיס, trị giá, tặng, quà, quà tặng, havale, havale ile,
        eft, havale eft, banka havalesi, neto, km ta hind, ilma km ta, be pvm, kaina be pvm,
        bez pvn, cena bez pvn, án vsk, bez pdv a, χωρίς φπα, προ φπα, bez ddv, без ддв, ədv siz,
        qqssiz, بدون ضريبة, غير شامل الضريبة, ללא מעמ, chưa vat, chưa bao gồm, bez dph za, tarne,
        transport, kohaletoimetamine, pristatymo kaina, siuntimas, sending, sendingarkostnaður,
        dostave, poštarina, isporuka, isporuke, достава, поштарина, μεταφορικά, αποστολή, έξοδα,
        transporti, dërgesa, მიწოდება, მიტანა, առաքում, çatdırılma, yetkazib, yetkazib berish,
        жеткізу, хүргэлт, توصيل, التوصيل, الشحن, شحن, ارسال, هزینه ارسال, משלוח, משלוחים,
        דמי משלוח, phí vận chuyển, phí ship, giao hàng, vận chuyển, ongkir, ongkos kirim,
        penghantaran, garanti, garantija, garancija, garanzia, ضمان, الضمان, גארנטי, kredit,
        kreditlə, hissə hissə, osamakse, kuumakse, järelmaks, lizings, līzings, nomaksa, lizingas,
        išsimokėtinai, rate od, rata od, na rate, mesečno, mjesečno, mėn, per mėn, mēnesī, kuus,
        á mánuði, στον μήνα, το μήνα, δόσεις, άτοκες, në muaj, këste, თვეში, განვადება, ամսական,
        ապառիկ, aylıq ödəniş, ayiga, oyiga, muddatli, ай сайын, айына, бөліп төлеу, сар бүр,
        شهريا, شهرياً, قسط, تقسيط, أقساط, اقساط, ماهانه, לחודש, תשלומים, תשלום, trả góp,
        mỗi tháng, cicilan, per bulan, sebulan, ansuran, bulanan, kupong, kuponga, kods, боодол,
        хадяа, hədiyyə, hədiyyə kartı, подарок, дагалдах, dāvana, dovana, balles, bonus, boonus,
        punkti, taškų, taškai, zelta, gazi, xal, бонус, amanat, depozit, užstatas, ķīla,
        tagatisraha, tara, taara
    """,
    SAVING="""
        save, you save, saving, savings, you saved, off, discount, sie sparen, sparen, du sparst,
        gespart, ersparnis, rabatt, nachlass, preisvorteil, économie, économisez, vous économisez,
        remise, réduction, ahorro, ahorra, ahorras, usted ahorra, descuento, dto, sconto,
        risparmi, risparmia, desconto, economia, economize, você economiza, poupa, poupe, sleva,
        ušetříte, ušetřete, zľava, ušetríte, rabat, oszczędzasz, oszczędność, oszczędzasz aż,
        indirim, kazanç, kazancınız, spar, du sparar, du sparer, spara, bespaar, je bespaart,
        korting, voordeel, alennus, säästä, säästät, säästö, sääst, säästad, võit, võidad,
        soodustus, allahindlus, hinnavõit, popust, ušteda, uštedite, ušteđujete, prihranek,
        prihranite, reducere, economisești, economisiti, economie, megtakarítás, kedvezmény,
        скидка, выгода, экономия, вы экономите, знижка, вигода, економія, ви економите, отстъпка,
        спестявате, спестяваш, έκπτωση, κερδίζετε, κέρδος, όφελος, nuolaida, sutaupote,
        sutaupykite, atlaide, ietaupījums, ietaupi, ietaupiet, afsláttur, þú sparar, zbritje,
        kurseni, ju kurseni, endirim, qənaət, chegirma, tejaysiz, жеңілдік, үнэмдэлт, хямдрал,
        хэмнэлт, დაზოგე, ფასდაკლება, ეკონომია, զեղչ, խնայում, giảm, giảm giá, giảm ngay,
        tiết kiệm, tiết kiệm được, hemat, diskon, potongan, potongan harga, jimat, anda jimat,
        diskaun, تخفیف, سود شما, صرفه جویی, خصم, وفر, توفير, وفّر, قيمة الخصم, التوفير, הנחה,
        חיסכון, חוסכים, אתם חוסכים, попуст, заштеда, попуста, tipid
    """,
    EACH="""
        per unit, per item, per piece, pro stück, je stück, za kus, za ks, za szt, za sztukę,
        за штуку, за шт, la pièce, por unidad, la unidad, a unidade, por unidade, al pezzo,
        cadauno, per stuk, pr stk, per styck, kappaleelta, darabonként, tüki hind, per vnt,
        par gab, bucata, la bucată, adet
    """,
    FROM="""
        alates, no, nuo, od, из, απο, από, ab nur, nga, დან, սկսած, dan boshlab, бастап, تبدأ من,
        من, از, החל מ, bermula
    """,
    BUY="""
        lisa ostukorvi, ostukorvi, osta nüüd, į krepšelį, pirkti, pirkti dabar, grozā, pirkt,
        pievienot grozam, setja í körfu, í körfu, kaupa, dodaj u košaricu, kupi, kupi odmah,
        в кошничка, додади, купи, shto në shportë, shto ne shporte, კალათაში, კალათაში დამატება,
        ყიდვა, ավելացնել զամբյուղ, գնել, səbətə, səbətə at, səbətə əlavə et, savatga, savatchaga,
        sotib olish, себетке, себетке қосу, сатып алу, сагсанд, сагслах, худалдаж авах,
        اشتري الآن, شراء, أضف للعربة, افزودن به سبد, افزودن به سبد خرید, خرید, קנה עכשיו,
        הוסף לעגלה, רכישה, mua, đặt mua, đặt hàng, cho vào giỏ, tambah ke keranjang,
        masukkan keranjang, beli langsung, masuk troli, idagdag, weka kwenye kikapu
    """,
)
