import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomp_core.text.abbreviations import habits
from recomp_core.text.joining import INVISIBLE, is_blank
from recomp_core.text.sentences import sentence_spans

# A broken bar stands where a sentence ends.
TEXTS = {
    "ar": [
        "مرحبا بالعالم.¦ كيف حالك؟¦ بخير.",
        "وصل د. أحمد إلى المدينة.¦ ثم غادر.",
        "قابل د. سالم أ. خالد في القاهرة.¦ انظر ص. 5 من الكتاب.¦ هل وصل؟¦ نعم، وصل!¦ شكرا.",
        'قال: "من أنت؟"¦ ثم خرج.¦ بلغ السعر 3.5 دولار.¦ ولد عام 1950 م.¦ وتوفي عام 2000 م.',
    ],
    "bg": [
        "Срещата е на 3 май в 10 ч. сутринта.¦ Проф. Петров живее на ул. Мир 5.¦ Той купи хляб и др.¦ После си тръгна.",
    ],
    "bn": [
        "ড. রহমান এলেন।¦ তিনি কী বললেন?¦ কিছু না।",
    ],
    "cs": [
        "Podle § 4 odst. 1 písm. c) vyhlášky platí majitel lodi.¦ Výše je 90 Kč.",
        "Narodil se 5. října 1900 v Praze.¦ Zemřel doma.",
        "Sejdeme se 24. prosince v 18 h. u nás.¦ Viz obr. 3 a tab. 4.¦ Prof. Novák přinese např. víno, sýr atd.¦ Pak půjdeme domů.",
        "Firma ABC s.r.o. sídlí v Brně.¦ Má cca 50 zaměstnanců.¦ Bylo to v 19. století.",
        "Karel IV. založil univerzitu.¦ Bydlí v ul. Dlouhá č. 5.",
        "Lístek stojí 80 Kč.¦ Loď jezdí denně.¦ Psi platí 5 Kč. 50 za koš.",
    ],
    "da": [
        "Det var den 3. maj.¦ Han rejste bl.a. til Fyn.",
        "Han spiser f.eks. fisk den 5. maj.¦ Se s. 12 og stk. 2.¦ Butikken er lukket.",
        "Billetten koster 80 kr.¦ Båden sejler hver dag.¦ Hunde koster 5 kr. 50 øre.",
    ],
    "de": [
        "Nach § 4 Abs. 1 Buchst. c) der Ordnung zahlt der Eigner.¦ So steht es in lit. a) auch.",
        "Das Fest ist am 3. Mai.¦ Danach ist Ruhe.",
        "Der 2. Weltkrieg endete 1945.¦ Die Stadt lag im 19. Jahrhundert am Fluss.",
        "Sie wurde 1889.¦ Dann kam der Krieg.",
        "Es gilt Abs. 2.¦ Hunde müssen an die Leine.",
        "Er wohnt in Zimmer 12.¦ Frau Meier wohnt nebenan.",
        "Wir treffen uns am 24. Dezember um 18 Uhr.¦ Bitte kommen Sie pünktlich.",
        "Das Gesetz gilt seit dem 1. 1. 2020.¦ Es regelt Fragen der Miete, d. h. auch Nebenkosten.",
        "Prof. Dr. Weber und Hr. Lange kommen i. d. R. mittwochs.¦ Sie bringen Kuchen, Obst usw. mit.",
        "Die Anlage wiegt ca. 3 t und steht in der Goethestr. 5 in Köln.¦ Der Preis beträgt 3,5 Mio. Euro.",
        "König Ludwig XIV. regierte lange.¦ Er starb 1715.",
        "Sie lebte um 300 v. Chr. in Rom.¦ Ihr Sohn wurde Kaiser.",
        "Siehe Abb. 3 und Tab. 4.¦ Die Werte stehen in Kap. 2.",
        "„Komm her!“, rief sie.¦ Er kam nicht.",
        "»Das ist gut.«¦ »Nein«, sagte er.",
        "Das Buch kostet 12 Euro.¦ Das Heft kostet 3.¦ Die Mappe fehlt.",
        "Am 1. und 2. Juni ist Markt.¦ Der 1. FC Köln spielt am Sa., 3. Juni.",
        "Er kam um 8 Uhr.¦ 20 Gäste warteten.¦ Vgl. dazu S. 12 f. und Bd. 3.",
        "Das kostet inkl. MwSt. 20 Euro.¦ Nr. 5 lebt.¦ Max. 3 Personen.",
        "Die Firma Meyer u. Co. sitzt in Ulm.¦ Sie hat rd. 300 Mitarbeiter.",
        "Ist das wahr?¦ Ja!¦ „Ja.“¦ Er ging.",
        "Die Verordnung (EU) Nr. 12/2020 gilt ab 1. Jan. 2021.¦ Art. 3 regelt Ausnahmen.",
        "Frau Dr. med. Klein und Dipl.-Ing. Groß sind da.",
        "„Das Boot kam zu spät.¦ Es war voll.¦ Wir warteten.“",
        "»Das Boot kam zu spät.¦ Es war voll.«",
        "Der Verein fördert u. a. Chöre und z. B. Orgeln.¦ Er hat ca. 90 Mitglieder.¦ Die Fa. Lindner GmbH & Co. KG hilft.¦ Das steht in § 3 Abs. 4 der Satzung.¦ Gäste zahlen nichts.",
        "Sie spielt in der dritten Liga (2. Rang in Hessen) weiter.",
        "Der Bestand ist gestiegen.4¦ Danach sank er wieder.5,6¦ Alle Vögel zogen fort.[^7]¦ Sie kamen nicht zurück.",
    ],
    "el": [
        "Το λιμάνι σχεδίασε ο κ. Α. Νάνος το 1911.¦ Βλ. άρθρ. 7 του κανονισμού.¦ Πουλά ψάρια κ.ά.¦ Μετά κλείνει.",
        "Πώς είσαι;¦ Καλά.",
        "Ο κ. Παπαδόπουλος μένει στην οδ. Αθηνάς 5.¦ Αγόρασε ψωμί, γάλα κ.λπ.¦ Μετά έφυγε.¦ Πού πήγε;¦ Κανείς δεν ξέρει.",
    ],
    "en": [
        "It opened on 9. May 2031.¦ We sold 9.¦ May was cold.",
        "The kiln reaches 990 deg. C at noon.¦ It turned by 90 deg.¦ The lid shut.",
        "Section 3.07. Keys.¦ The warden keeps the keys.¦ See Rule 3.¦ The warden has two.",
        "Figure 8. The quay at dawn.¦ It was cold.",
        "Dr. Smith met Mr. J. R. Jones.¦ They spoke.",
        "It cost $3.50.¦ Too much!",
        "See Fig. 2 for details.¦ It helps.",
        "Is it?¦ Yes!¦ Good.",
        "It was wrapped\nby hand.¦ And\nthen again.",
        "no mark at all",
        "Hi 😀😀 there.¦ Next 👩\u200d👩\u200d👧 one.",
        "It happened in\n1998.¦ He left.",
        "Use this | that.¦ Or not | so.¦\nStop.",
        "He left at 5 p.m. Monday.¦ She left at 6 a.m.¦ The rest stayed.",
        "He works for Acme Inc.¦ The firm is old.",
        "He lives in the U.S.¦ She lives in the U.K. with him.",
        "The U.S. President spoke.",
        "Use No. 5 for it.¦ Is it good?¦ No.¦ It is bad.",
        "Read `x. Then y` first.¦ Then go.",
        '"Stop!" he shouted.¦ Nobody moved.',
        "(It was cold.)¦ Then it rained.",
        "He waited… and left.¦ He waited...¦ Then he left.",
        "The cat sat.¦ The mass.¦ It is ill.¦ He was fed.¦ We had fun.",
        "Take vitamin C.¦ Oranges have it.",
        "Set it to 5 V.¦ Connect the pump.¦ Wait 3 min.¦ Then go.",
        "See https://a.b/c.d?x=1.¦ Then go to www.x.org.¦ Next.",
        "Open the lid.¦ 2. Add water.¦ 3. Close it.",
        "it is broken.¦ please fix it.¦ thanks!¦ bye",
        "It was built.[3]¦ Then it fell.¦ Nice. 😀¦ Next one.",
        "The pump is v2.3.¦ It runs on 10.0.0.1 now.¦ See a.b@c.de.¦ Done.",
        "Mr. and Mrs. Lee met Gen. Ortiz at St. Mary's Hosp. in Boston.¦ They left.",
        "The firm (Acme Corp.) was sold.¦ It made approx. 3,000 pumps/yr.",
        "See e.g. Smith et al., J. Phys. Chem. 12 (3), pp. 44–51.¦ It agrees with Eq. (4.2).",
        "He said “Stop. Go.” and left.¦ Nobody cared.",
        "The meeting is at 9 a.m. on Jan. 5 in Rm. 12.¦ Bring a pen.",
        "Mix flour, eggs, etc. in a bowl.¦ Add salt, pepper, etc.¦ Stir.",
        "Is it 5 ft. long?¦ It's 6 ft.¦ OK.",
        "Edit config.yaml.¦ Then run app.py --v=1.2.¦ Open C:\\temp\\a.txt now.",
        "What?!¦ No way...¦ Really…¦ Yes.",
        "He scored 3.¦ She scored 4.¦ In 1998. it rained.",
        "The U.N. and the E.U. agreed.¦ He moved to the U.S. in 1990.¦ J. K. Rowling wrote it.",
        "Use Java 8.¦ Node.js is fine.¦ It uses .NET and C++.¦ See Sec. 3.2.1.¦ Done.",
        "[See the note.]¦ {Then go.}¦ It ends here.",
        "**It is bold.**¦ _It leans._¦ It is plain.",
        "He asked, \"Why?\"¦ Then he left.¦ 'Yes.'¦ Next.",
        "a) Open it.¦ b) Close it.¦ c) Go.",
        "The price is $5.¦ €6 is more.¦ #7 is best.",
        "Call 555.1234 ext. 5.¦ Ask for Ms. Ng.",
        "I went w/ Dr. A. B. Lee, Ph.D., to D.C.¦ We saw the White House.",
        "Plan B.¦ Moreau was late.",
        "It was in Sept. 1990.¦ On Oct. 3 it fell.¦ On Fri. we left.",
        "It weighs 5 kg.¦ Twenty are left.¦ It takes 3 min.¦ Two of us went.",
        "Paragraph one.¦\n\nno end mark¦\n\nThird one",
        "It is here. https://a.b/c",
        "It is here. (3)",
        "12.",
        "A. 5",
        "Good :)¦\n\nBad",
        "It works :-) really well.¦ Great! :D¦ Next.",
        'He said: "I like it. "¦ To design it took years.',
        'It was sold as "Go Away! ", and then renamed.',
        "The districts are large.¦The towns are small.¦ Use torch.Tensor for it.",
        "The meeting with Sgt. Doyle, Lt. Col. Hart and Rev. Pike is on Wed. Oct. 5.¦ Bring I.D.¦ It starts at noon.",
        "The min. distance is 3 m.¦ The avg. speed was 5 km/h.¦ Dist. B is flat.",
        "Contact Mr. O'Neil Jr.¦ He knows.¦ Ask Smith Sr. about it.",
        "The pump (cf. Sect. 4) runs at 50 Hz.¦ See p. 12 ff. for more.¦ The end.",
        "Prices incl. VAT are in tbl. 3.¦ Orders over 50 pcs. get a discount.",
        "He was born c. 1450 in Lyon.¦ He died ca. 1500.",
        "The co. was sold.¦ St. Ives is nice.¦ We live on Elm St.¦ It is quiet.",
        "It costs 5 dollars vs. 7 before.¦ The case Roe v. Wade is known.",
        "Fill it up to max. 3/4.¦ Use ca. 2 tsp. sugar.¦ Stir well.",
        "Is this e.g. Apple's?¦ Or i.e. Google's?",
        "See Figs. 3 and 4, Eqs. (1)–(3), and Ref. [7].¦ Done.",
        "Visit the U.S. Embassy.¦ The U.S. was first.¦ He is in the U.S. Army.",
        "I paid $5.99.¦ You paid $6.¦ 7 people paid nothing.",
        '"I know," she said.¦ "You don\'t."¦ He left.',
        'She asked: "Is it you?" and waited.¦ "No!" he cried.',
        'The "Dr." in his name is real.¦ The word "etc." is Latin.',
        'He said it was "fine."¦ She agreed.',
        "The answer is yes.¦ (See below.)¦ The question is gone.",
        "E. coli grows here.¦ H. sapiens does too.¦ C. elegans is small.",
        'The 8" board is cut first.¦ Sand it.¦ The 12" board follows.¦ It is 3\' long.',
        "The cake fell :( We laughed.¦ Mia baked another ;-) It was blue.",
        '"The boat was late.¦ It was full.¦ We waited."',
        "“The boat was late.¦ It was full.¦ We waited.”",
        "'The boat was late.¦ It was full.'",
        "(The boat was late.¦ It was full.¦ We waited.)",
        "An “opening mark alone.¦ It goes on.¦ And on.",
        "Older maps are in vol. 7.¦ Nobody buys them.¦ See tab. 5.¦ It is short.",
        "Add approx. 30 g of salt.¦ The max. load is 5 kg.¦ The temp. rose.",
        "See Fed. R. Evid. 403(a).¦ The court agreed.",
        "Ito et al. [1999] found it.¦ So did Roy et al. (2001).",
        "Ann bought: 1. a pen, 2. a cup and 3. a hat.¦ She paid.",
        "It agrees with Ozawa et al. (2031, Fig. 2b; see also Refs. [3,7–9]).¦ Here f(x) = e^{-x}, cf. Eq. (2.1).¦ The mean was 4.5 s (p < 0.05, n = 12).¦ None was found (Tab. 1, cf. Fig. 6).¦ More is in Sec. 2.4 of the appendix.",
        "[3] C. D. Ozawa, J. Invent. Chem. 7 (2), pp. 101–9 (2031). doi:10.1234/abc.7.",
        "[4] E. Roth et al., Proc. Marsh. Lett. 12, 045001 (2030).",
        "The can holds 2 kg (4.4 lb.) Paint is sold there.",
        "Read 1 Kgs. 4:12 and Ruth. 3:2 aloud.",
        "The pier was begun in 1804.[^1]¦ The guild paid for it.[^note-2]¦ It has five arches.",
        "Few birds came back.1,2¦ In that year nine nested.3–5¦ “None left.”6¦ The rest were counted.",
        "Nine nested.[3,4]¦ None left.(5)¦ Some died.[6–8][9]¦ The rest were counted.",
        "It rose by 3.5 Percent in v2.4 Beta and vol.3 Then.¦ See approx.5 Miles of it.",
        "Tides . . . . . . 4 Winds . . . . . 19 Knots . . . . 23",
    ],
    "es": [
        "Según el art. 4 ap. c) del estatuto paga el dueño.¦ Son 90 aprox.¦ ¿Seguro?",
        "El Sr. García llegó a las 5 p. ej. con retraso.¦ ¿Vino solo?¦ ¡No!",
        "La pieza, p. ej. Tosca, gusta.¦ Vive en EE. UU. desde 1990.",
        "La Sra. Gómez vive en la Avda. Libertad, núm. 7.¦ Trabaja de 9 a. m. a 5 p. m. en la oficina.",
        "Véase la pág. 3 y el art. 5.¦ La ley es de 1990.",
        "El Dr. J. Ruiz llegó el 3 de mayo.¦ Compró pan, leche, etc.¦ Luego se fue.",
        "Nació el 3 de abr. de 1900 aprox. en Lima.¦ Murió en 1980.",
        "El cap. 3 trata de la Sta. María.¦ S.A. y S.L. son sociedades.¦ ¿Por qué?¦ ¡Porque sí!",
        "Mide 3 m.¦ El otro mide 4 cm.¦ Véanse las págs. 3-5.",
    ],
    "fa": [
        "دکتر احمدی در تهران است.¦ آیا او آمد؟¦ بله، آمد.",
    ],
    "fi": [
        "Kokous on 6. joulukuuta klo 10.¦ Ks. s. 5 ja kuva 2.¦ Paikalla on mm. Matti.",
        "Hän syntyi 3.5.1900 Turussa.¦ Esim. omena on hyvä.¦ Klo 8.30 alkaa.",
    ],
    "fr": [
        "Il est né le 3. mars.¦ Elle est partie.",
        "« Il est parti. »¦ Elle resta.",
        "M. Dupont et Mme. Durand vivent av. J.-C. ici.¦ L'eau coule.",
        "Mme Leroy habite au 5, av. Foch depuis le 1er mars.¦ M. Petit, p. ex., y travaille.",
        "L'art. 12 al. 3 s'applique.¦ Cf. p. 44 du vol. 2.¦ C'est tout.",
        "Il a dit : « Partez ! » puis il s'est tu.¦ Personne n'a bougé.",
        "Elle vend des pommes, des poires, etc.¦ Les prix sont bas.",
        "Le Dr. Martin et Me Blanc arrivent à 8 h.¦ 30 invités attendent.",
        "Voir fig. 3, p. 12 et suiv.¦ C'est au n° 5 du bd. Voltaire, env. 3 km.",
        "La S.N.C.F. annonce un retard.¦ M. le maire s'excuse.¦ Qui est-ce ?¦ Personne !",
        "« Le bateau était en retard.¦ Il était plein. »",
    ],
    "he": [
        "ד\"ר כהן גר ברחוב הרצל.¦ הוא קנה לחם וכו'.¦ אחר כך הלך.",
    ],
    "hi": [
        "यह एक वाक्य है।¦ दूसरा वाक्य।",
        "प्रो. वर्मा और श्री. गुप्ता आए।¦ किराया रु. 500 है।¦ क्या वह गया?¦ हाँ!",
        'उसने कहा, "क्या हुआ?"¦ और चला गया।¦ दाम 3.5 रुपये है।¦ श्री. ए. पी. जे. अब्दुल कलाम आए।',
        "डॉ. कुमार कल आए।¦ वे चले गए।",
    ],
    "hu": [
        "A szabályzat 4. § (1) bekezdés c) pontja szerint a gazda fizet.¦ Vége.",
        "2020. május 5. napján érkezett.¦ Dr. Kovács nem.",
        "A találkozó 2024. március 15. napján lesz.¦ Dr. Szabó pl. almát hoz.¦ Lásd a 3. ábrát.",
        "A 19. században élt.¦ Az 5. oldalon látható.¦ II. Rákóczi Ferenc vezette.",
        "A jegy 800 Ft.¦ A hajó naponta jár.",
    ],
    "id": [
        "Beliau tinggal di Jl. Sudirman No. 5.¦ Lalu ia pergi.",
        "Prof. Dr. Hartono tinggal di Jl. Melati No. 3.¦ Ia membeli beras, gula, dll.¦ Kemudian ia pulang.",
    ],
    "it": [
        "Il dott. Rossi abita in p.zza Verdi n. 5.¦ Arriverà il 3 maggio.",
        "Si veda l'art. 3, p. es. il comma 2.¦ Il sig. Bianchi tace.¦ Comprò pane, latte ecc.¦ Poi uscì.",
        "Nel sec. XV il S. Marco bruciò.¦ Il prof. Neri lo disse.¦ Cfr. pag. 12.",
        "La soc. Alfa S.p.A. ha sede a Milano.¦ L'ing. Bruni la dirige.",
    ],
    "ja": [
        "木地師…木で椀を作る人。",
        "Yahoo! の地図を見た。¦ 便利!¦ でも重い。",
        "島は小さい（周囲は二キロ。徒歩で回れる）。¦ 店はない。",
        "これはペンです。¦あれは本です。",
        "彼は「行こう。」と言った。¦終わり。",
        "彼は「行くな。待て。」と言った。¦終わり。",
        "「やめろ！」と彼は叫んだ。¦誰も動かなかった。¦「はい。」¦「いいえ。」",
        "価格は3.5ドルです。¦バージョン2.0.1を使用してください。¦え？¦本当！",
        "彼は（少し疲れていた。）そして寝た。¦（終わり。）¦次。",
        "彼女は「え？」と驚いた。¦「本当ですか。」と聞いた。¦図3.2を参照。",
        "株式会社ABC（東京都）は、2031年5月3日に設立された。¦社員は約50人。",
        "「船が遅れた。¦船は満員だった。」",
    ],
    "ko": [
        "상자 No. 31은 비어 있다.¦ 도구는 ver. 4.2이다.",
        "한국어 문장입니다.¦ 다음 문장입니다.",
        "2031. 5. 3. 서울에서 열렸다.¦ 비가 왔다.",
        '"가자!"라고 그가 말했다.¦ 아무도 움직이지 않았다.¦ 값은 3.5달러다.',
        "김 박사는 2020. 5. 3.에 도착했다.¦ 왜 왔을까?¦ 모른다.",
        '그는 "왜요?"라고 물었다.¦ 답은 없었다.¦ 값은 3.5만 원이다.¦ (참고: 표 3.)¦ 끝.',
    ],
    "nb": [
        "Møtet er 17. mai kl. 10.¦ Vi serverer bl.a. vafler, kaffe osv.¦ Alle er velkomne.",
    ],
    "nl": [
        "Dhr. Jansen woont o.a. in Breda.¦ Hij eet brood, kaas enz.¦ Daarna slaapt hij.",
        "Mevr. de Vries woont d.w.z. verblijft in Utrecht.¦ Zie blz. 3 en art. 5 lid 2.¦ Dr. Bakker komt om 8 uur.",
        "De heer drs. P. de Boer woont in de Kerkstr. 5.¦ Het kost ca. 5 euro p.p. per dag.",
        "Volgens art. 3 lid 2 jo. art. 5 mag dat niet.¦ Het is verboden.",
    ],
    "pl": [
        "Most kosztował 7 mln zł.¦ Dnia 2 maja go otwarto.",
        "Urodził się 14. listopada.¦ Zmarł później.",
        "Spotkanie odbędzie się 3 maja o godz. 10.¦ Prof. Kowalski mieszka przy ul. Długiej 5.¦ Kupił chleb, mleko itd.¦ Potem wyszedł.",
        "Urodził się 3 V 1900 r. w Łodzi.¦ Zmarł w 1980 r.¦ Był m.in. lekarzem.",
        "Zob. rys. 5 na s. 12.¦ Tzw. mały dom ma ok. 50 m kw. powierzchni.",
        "Bilet kosztuje 80 zł.¦ Statek pływa codziennie.",
    ],
    "pt": [
        "O Sr. Silva mora na Av. Brasil, n.º 10.¦ A Dra. Costa chega às 8 h.¦ Ela traz pães, bolos etc.¦ Depois vai embora.",
        "A empresa Alfa Ltda. fica na R. das Flores, n. 3.¦ O Eng. Lima a dirige.¦ Ver pág. 5.",
    ],
    "ro": [
        "Potrivit art. 4 alin. (1) lit. c) din statut, proprietarul plătește.¦ Suma e mică.",
        "Dl. Popescu locuiește pe str. Lungă nr. 5.¦ A cumpărat pâine, lapte etc.¦ Apoi a plecat.",
    ],
    "ru": [
        "Уровень задан ур. (3.1) и табл. 2.¦ Вода холодная.",
        "Площадь сада 90 кв. м.¦ Лодка стоит у ворот.",
        "Это предложение.¦ Другое?",
        "А. С. Пушкин родился в Москве в 1799 г.¦ Он писал стихи, прозу и т. д.¦ Потом он уехал.",
        "Он жил на ул. Ленина, д. 5, кв. 3.¦ Цена 500 руб.¦ Скидка есть.",
        "Встреча состоится 3 мая в 10 ч. утра.¦ Проф. Иванов живёт на ул. Мира, д. 5.¦ См. рис. 3 и табл. 4.¦ Он купил хлеб, молоко и т. п.¦ Потом ушёл.",
        "Завод построен в XIX в. на берегу реки.¦ Он весил 5 т.¦ Цена – 3 тыс. руб. за штуку, т. е. дорого.",
        "— Стой! — крикнул он.¦ Никто не ответил.",
        "В 1812 г. Наполеон вошёл в Москву.¦ Он жил с 1769 по 1821 гг.¦ Это было в 5 в. до н. э. в Греции.",
        "Ул. Пушкина, д. 10.¦ См. также стр. 5.¦ Г. Москва стоит на реке.",
        "Он сказал: «Иди!» — и ушёл.¦ «Куда?» — спросила она.",
        "«Лодка опоздала.¦ Она была полной.»",
        "Мост стоил 3 млн. рублей.¦ Его строили 2 г. и 5 мес. подряд.",
    ],
    "sk": [
        "Stretneme sa 24. decembra.¦ Pozri obr. 3.¦ Ing. Kováč prinesie napr. víno.",
    ],
    "sv": [
        "Kajen ritades av ing. P. Berg år 1911.¦ Den är lång.",
        "Han äter t.ex. fisk och bröd.¦ Dr. Berg bor på Storgatan 3.¦ Hon säljer äpplen, päron m.m.¦ Butiken är öppen.",
        "Kung Karl XII. dog 1718.¦ Se bl.a. s. 12.¦ Kl. 8 börjar det.",
        "Biljetten kostar 80 kr.¦ Båten går varje dag.",
    ],
    "th": [
        "ดร. สมชายมาถึงเวลา 10.00 น. แล้ว",
        "เขื่อนสร้างเสร็จเมื่อ พ.ศ. 2475 ยาว 3 กม. และสูง 20 ม.",
        "นาย ก. ไก่ มาถึงเวลา 8.30 น. และออกไปเวลา 9.00 น.",
    ],
    "tr": [
        "Dr. Yılmaz 19. yüzyılda yaşadı.¦ II. Mehmed geldi.¦ 2. Dünya Savaşı bitti.",
        "Prof. Demir 3. katta oturuyor.¦ Elma, armut vb. aldı.¦ Sonra gitti.",
        "III. Selim 1789'da tahta çıktı.¦ Bkz. s. 12.¦ T.C. Sağlık Bakanlığı açıkladı.",
    ],
    "uk": [
        "Зустріч відбудеться 3 травня о 10 год. ранку.¦ Проф. Коваль живе на вул. Миру, буд. 5.¦ Він купив хліб, молоко і т. д.¦ Потім пішов.",
    ],
    "vi": [
        "Điều 7. Phí bến thuyền.¦ Hết.",
        "Ông sống ở TP. Hồ Chí Minh.¦ PGS. TS. Nguyễn Văn A đến.",
        "TS. Lê Văn Bình làm việc tại TP. Đà Nẵng.¦ Anh mua bánh, kẹo, v.v.¦ Sau đó anh về.",
        "Giá là 3.500 đồng.¦ ThS. Trần Thị B. dạy ở đây.¦ Ai đó?¦ Tôi!",
    ],
    "zh": [
        "我们读《谁来晚餐？》和《走吧！老船长》两本书。¦ 来了七个人。",
        "真的？！¦ 他笑了。¦ 船厂（建于1911年。后关闭）很大。",
        "图3. 码头平面图。",
        "他唱了《再见！》。¦ 大家鼓掌。",
        "今天很好。¦我们走吧！¦好吗？",
        "我不知道……¦也许吧。",
        "价格是3.5元。¦很便宜。",
        "他说：“走吧！”¦然后离开了。",
        "他来了。¦Then he left.¦ 好吗？",
        "“走吧！”他说。¦大家都走了。",
        "他问：“几点了？”她说：“三点。”¦然后他们走了。",
        "本店（电话：010-1234）营业时间为9:00—18:00。¦周末休息！¦欢迎光临……¦谢谢",
        "版本3.2已发布。¦请从https://a.b/c?d=1下载。¦完成。",
        "（本条款自2020年起生效。）¦其他不变。",
        "测试。(1)",
        '他说。¦"走吧。"¦然后离开。',
        "“为什么？”她问道，“你不去吗？”¦他没有回答。",
        "据报道（见图3。）很多人参加。¦会议在3月5日举行。",
        "《红楼梦》是名著。¦《西游记》也是！¦你读过《三国》吗？¦没有",
        '公司名为Apple Inc.，总部在美国。¦他说:"好的."¦然后走了。',
        "“船来晚了。¦船上很挤。¦我们等了很久。”",
    ],
}


def split(text, lang="en"):
    return [text[start:end] for start, end in sentence_spans(text, 0, len(text), lang)]


@pytest.mark.parametrize(
    ("lang", "marked"), [(lang, text) for lang, texts in TEXTS.items() for text in texts]
)
def test_sentences(lang, marked):
    text = marked.replace("¦", "")
    assert split(text, lang) == [sentence.strip() for sentence in marked.split("¦")]


def test_only_the_block_is_split():
    text = "Before. It is old. It is red. After."
    spans = sentence_spans(text, 8, 29, "en")
    assert [text[start:end] for start, end in spans] == ["It is old.", "It is red."]


def test_a_language_without_rules_has_those_of_english():
    assert split("Dr. Li is here. She left.", "sw") == ["Dr. Li is here.", "She left."]
    assert habits("nn") is habits("nb")


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u200b\ufeff", "\x00"])
def test_nothing_to_see(text):
    assert split(text) == []


def test_an_unpaired_mark_takes_no_more_than_its_sentence():
    middle = "Step one is done. " * 50
    for mark in ('"', "“", "«", "(", "「", "`", "'"):
        assert max(map(len, split(f"Fit {mark} here. {middle}Then stop."))) < 30


def test_a_short_quotation_is_one_with_its_sentence_and_a_long_one_is_not():
    assert split("She said “Go. Run.” and left.") == ["She said “Go. Run.” and left."]
    long = "“" + "The street was empty at that hour. " * 5 + "Go.” and left."
    assert len(split(long)) == 6


@pytest.mark.parametrize(
    ("scrap", "text"),
    [
        ("42!", "It has forty-two. 42! It is known."),
        ("pp. 3–5.", "It is in the book. pp. 3–5. It is long."),
        ("doi:10.1/x.", "It was printed. doi:10.1/x. It was read."),
        ("https://a.b/c", "It is online. https://a.b/c"),
        (")", "(It fell. It broke. )"),
        ("😀", "It fell. 😀 It broke."),
        ("a)", "It fell. a)"),
    ],
)
def test_a_scrap_belongs_to_the_sentence_before(scrap, text):
    assert scrap not in split(text)
    assert any(sentence.endswith(scrap) for sentence in split(text))


def test_a_scrap_at_the_beginning_belongs_to_the_sentence_after():
    assert split("12. It fell.") == ["12. It fell."]
    assert split("12.") == ["12."]


def test_thai_is_cut_at_spaces():
    phrase = "ภาษาไทยเขียนติดกันและเว้นวรรคระหว่างวลี "
    pieces = split(phrase * 12, "th")
    assert all(40 <= len(piece) <= 130 for piece in pieces)
    assert split("ยาว 3 กม. " * 20, "th") == [("ยาว 3 กม. " * 20).strip()]
    assert len(split("A long English sentence with one word ไทย in it, " * 5)) == 1


def test_lone_surrogates_are_characters():
    assert split("It \ud800 is. That \udfff was.") == ["It \ud800 is.", "That \udfff was."]


pieces = st.sampled_from(
    ["Hello there.", "你好。", "「本。」", "と", "…", "...", "\n", "\n\n", " ", "\u200b", "\x00", "\ud800",
     "e\u0301", "😀", ":)", "؟", "Dr.", "z. B.", "3.", "Mai", "a", "A.", '"', "“", "”", "(", ")", "`", "``",
     "https://a.b/c.", "।", "ไทย ", "№", "<b>", "</b>", "[1]", "'", "«", "»", ";", "Α", "¿", "．", "ⅳ."]
)  # fmt: skip


@given(
    st.one_of(st.text(max_size=100), st.lists(pieces, max_size=30).map("".join)),
    st.sampled_from(["en", "de", "zh", "ja", "el", "th", "tr", "ru", "hi", "xx"]),
)
def test_spans_cover_what_is_visible(text, lang):
    position = 0
    for start, end in sentence_spans(text, 0, len(text), lang):
        assert position <= start < end
        assert is_blank(text[position:start])
        assert text[start:end] == text[start:end].strip(INVISIBLE)
        position = end
    assert is_blank(text[position:])


shuffled = random.Random(1)
HOSTILE = {
    "full stops": ".",
    "full stops and spaces": ". ",
    "quotes": '"',
    "quotes after full stops": '."',
    "quotes with spaces": '." ',
    "numbers": "1. 2. ",
    "decimals": "1.2.3.",
    "initials": "A. B. ",
    "small letters": "a. b. ",
    "abbreviations": "Dr. z. B. etc. ",
    "no spaces": "?A",
    "one line of Chinese": "第一句话很长。",
    "quotations": "“走吧！”他说，“来。”",
    "ellipses": "我……",
    "Japanese": "「行こう。」と言った。",
    "backticks": "`",
    "spans of code": "` `` ",
    "backticks of many lengths": "".join("`" * shuffled.randint(1, 9) + "a. B" for _ in range(99)),
    "brackets": ".(",
    "closing brackets": ".)",
    "footnotes": ".[1]",
    "lists of footnotes": "abc.[1,2,3,4,5,6,7,8,9,10,",
    "numbers of footnotes": "abc.1,2,3,4,5,6,7,8,9,10,11",
    "dots that lead to a page": ". ",
    "tags": ".</b>",
    "smileys": ". :) ",
    "emoji": ". 😀",
    "dashes": ". — ",
    "Markdown": ".**a ",
    "line breaks": "\n",
    "blank lines": "\n   ",
    "Thai": "ภาษาไทยเขียนติดกัน ",
    "one word": "x",
    "Greek": "Α; ",
    "links": "http://a.b/c?d. ",
    "surrogates": "\ud800. ",
    "embedded quotations": '"a." b ',
}


def seconds(text, lang):
    started = time.process_time()
    sentence_spans(text, 0, len(text), lang)
    return time.process_time() - started


@pytest.mark.parametrize("kind", HOSTILE)
def test_time_grows_with_the_text(kind):
    lang = "el" if kind == "Greek" else "ja" if kind == "Japanese" else "en"
    text = HOSTILE[kind] * (4_000 // len(HOSTILE[kind]) + 1)
    short = min(seconds(text, lang) for _ in range(3))
    long = min(seconds(text * 8, lang) for _ in range(3))
    # Eight times the text: eight times the time, where the square would be 64 times.
    assert long < 24 * max(short, 0.001)
