"""How Turkish says that documents do not help."""

# ruff: noqa: E501 - broken patterns are hard to read

from ..language import Language

TURKISH = Language(
    words={
        "GIVEN": r"(?:sağlanan|verilen|sunulan|mevcut|yukarıdaki|bu|eldeki|paylaşılan|söz konusu|ilgili|iletilen|tüm|her iki|sağladığınız|verdiğiniz|paylaştığınız|elimdeki|yüklenen|hiçbir|iki|tarafıma)",
        "STEM": r"(?:belge|do[kc]üman|döküman|met(?:in|n)|pasaj|bağlam|alıntı|parça)",
        "GOODS": r"(?:kaynak|bilgi|makale|materyal|veri|içerik|içeriğ)",
        "DOCS": r"(?:<GIVEN> ){0,3}<STEM>(?:l[ae]r(?:[ıi]n hiçbiri)?)?(?: <NUMBER>)?|(?:<GIVEN> ){1,3}<GOODS>l[ae]r",
        "CASED": r"(?:(?:<GIVEN> ){0,3}<STEM>|(?:<GIVEN> ){1,3}<GOODS>)(?:l[ae]r)?",
        "IN": r"(?:<CASED>(?:[dt][ae]n?(?:ki bilgiler[dt]en?)?|[ıiuü]n (?:hiçbirin|için|içeriğin|herhangi birin)[dt]e)|bilgi tabanında)",
        "BASED": r"(?:<CASED>(?:y?[ae] (?:göre|dayanarak|dayalı olarak|bakılırsa|bakıldığında)|[ıiuü]? (?:ışığında|temelinde)|[ıiuü] (?:temel alarak|kullanarak|inceledim|inceledikten sonra)))",
        "NEG": r"(?:m[ıiuü]yor(?:lar)?|m[ae]m[ae]kt[ae](?:d[ıi]r)?(?:l[ae]r)?|m[ae]m[ıi]ş(?:t[ıi]r)?|m[ae]z(?:l[ae]r)?|m[ae]d[ıi])",
        "CANT": r"(?:y?[ae]m(?:[ae]z|[ıi]yor(?:um|uz)?|[ae]m(?:[ae]kt[ae](?:d[ıi]r|y[ıi]m)?|[ıi]şt[ıi]r)?|[ae]d[ıi][mk]?))",
        "NOTIS": r"değil(?:dir|ler)?",
        "SAY": r"(?:belirt|açıkla|söyle|bahset|söz et|değin|yer ver|anlat|tanımla|cevap ver|cevapla|yanıtla|yanıt ver|ele al|adını ver|açıklık getir|ortaya koy|ifade et|bilgi ver|atıfta bulun)",
        "SAID": r"(?:belirtil|açıklan|söylen|bahsedil|söz edil|değinil|yer veril|anlatıl|tanımlan|ele alın|belirlen|anlaşıl|bilin|bildiril|geç|yer al|ifade edil|adı geç|görün)",
        "HOLD": r"(?:içer|sağla|sun|ver|barındır|kapsa)",
        "INFO": r"(?:bilgi|ceva[pb]|yanıt|ayrıntı|detay|veri|ipucu|bağlam|atıf)(?:l[ae]r)?\w{0,4}",
        "NONE": r"(?:yok(?:tur)?|(?:bulun|yer al|geç|sağlan|veril|sunul|paylaşıl)<NEG>|mevcut <NOTIS>|bulunam(?:adı|ıyor|amıştır)|bulamadım|bulamıyorum|göremiyorum|yer almıyor|yetersiz(?:dir)?|göremedim|yeterli <NOTIS>|rastlamadım|rastlanmamıştır)",
        "FIND": r"(?:yanıtla|cevapla|cevap ver|yanıt ver|belirle|tespit ed|tespit edil|yanıtlan|cevaplan|belirlen|veril|söyle|söylen|anlaşıl|bilin|bulun|bul|özetle|çıkar|çıkarıl)",
        "KNOW": r"(?:yanıtla|cevapla|cevap ver|yanıt ver|belirle|tespit e[dt]|tespit edil|yanıtlan|cevaplan|belirlen|cevap veril|yanıt veril|söyle|anla|anlaşıl|özetle|çıkarıl)",
        "TOLD": r"(?:belirtil|açıklan|bahsedil|söz edil|değinil|yer veril)",
        "WHETHER": r"(?:[^\s\d,]*(?:[dt][ıiuü]ğ|[ae]c[ae]ğ)[ıiuü]\w{0,3} )",
        "TASK": r"(?:(?:bu |sorulan |söz konusu )?(?:soru|konu)\w{0,6})",
        "WORD": r"(?:[^\s\d,]+ )",
        "MARKED": r"(?:[^\s\d,]*(?:[ğşçöü][^\s\d,]*|[iıuüz]|l[ae]r) )",
        # In Latin letters, only these heads may open a clause whose end is the documents.
        "HEAD": r"(?:<MARKED>?(?:[^\s\d,]+[nm][ıiuü]n|kim\w*|ne zaman|ned[ei]n\w*|nere\w*|nasıl|hangi\w*|kaç|hakkında|ile ilgili|konusunda|dair|ilişkin)|<MARKED><WORD>?(?:hakkında|ile ilgili|konusunda|dair|ilişkin)|<TASK>|cevap|yanıt|cevabı|(?:bu|istenen|aranan|istediğiniz|aradığınız) (?:bilgi|konu|husus|soru)\w*) ",
        "FLAW": r"(?:[^\s\d,]+ ){0,2}?(?:hata|imza|çelişki|yanlış|yazım)\w*(?!\w)",
    },
    leads=r"(?:maalesef|ne yazık ki|üzgünüm|özür dilerim|kusura bakmayın|bu nedenle|bu yüzden|dolayısıyla|bu sebeple|sonuç olarak),? |ve ",
    named="(?:<BASED>|<IN>)",
    lacks=(
        "belirtilmemiş(?:tir)?|bilinmiyor|bahsedilmemiş(?:tir)?|(?:bilgi|cevap|yanıt) yok",
        "(?:<DOCS>),? <WORD>{0,12}?<SAY><NEG>",
        "(?:<DOCS>),? <WORD>{0,12}?<INFO> <WORD>{0,2}?<HOLD><NEG>",
        "(?:<DOCS>),? <WORD>{0,3}?<TASK> (?:ilgili|alakalı|ilişkili|bağlantılı) <NOTIS>",
        "(?:<DOCS>),? <WORD>{0,3}?(?:yanıtlamak|cevaplamak|cevap vermek|yanıt vermek) için (?:yeterli <NOTIS>|yetersiz(?:dir)?)",
        "<IN>,? (?!<FLAW>)<WORD>{0,12}?<SAID><NEG>",
        "<IN>,? <WORD>{0,12}?(?:<INFO>|<TASK>) <WORD>{0,2}?<NONE>",
        "<HEAD><WORD>{0,8}?(?:<IN>|<BASED>) <WORD>{0,2}?(?:<SAID><NEG>|<INFO> <WORD>?<NONE>|(?:belli|açık|net|mevcut) <NOTIS>|<FIND><CANT>)",
        "<TASK> (?:cevabı |yanıtı )?<IN> (?:<NONE>|<SAID><NEG>)|(?:cevap|cevabı|yanıt|yanıtı) <IN> <NONE>",
        "<TASK> <WORD>{0,3}?(?:yanıtlamak|cevaplamak|cevap vermek|yanıt vermek|yanıtlayacak|cevaplayacak) (?:için )?(?:yeterli |gerekli )(?:bilgi|bağlam|veri|bilgiye)\\w* <WORD>?(?:<NONE>|sahip değilim)",
        "(?:ilgili|konuyla ilgili|bu konuda|bu konu hakkında|yeterli|uygun|bununla ilgili|soruyla ilgili) (?:herhangi bir |yeterli |hiçbir )?(?:bilgi|veri|belge|içerik) <NONE>",
        "<HEAD><WORD>{0,4}?(?:herhangi bir |hiçbir |yeterli )?bilgi <NONE>",
        "(?:bu |sorulan )?soruyu <WORD>{0,4}?(?:<FIND>)<CANT>|(?:bu |sorulan )?(?:soruya|sorunuza) <WORD>{0,4}?(?:cevap|yanıt) (?:ver|veril)<CANT>|sorunuzu <WORD>{0,4}?<FIND><CANT>",
        "(?:cevabı|yanıtı) bilmiyorum",
    ),
    then=(
        r"(?:bunlar |onlar |ve )<WORD>{0,6}?(?:<SAY>|<INFO> <HOLD>)<NEG>",
        "<WORD>{0,12}?(?:<TOLD><NEG>|<KNOW><CANT>)|<WORD>{0,12}?<WHETHER>(?:bilin|anlaşıl|görün)<NEG>",
        "<WORD>{0,12}?<WHETHER>(?:(?:tam olarak|net olarak) )?(?:(?:belli|açık|net|kesin) <NOTIS>|belirsiz(?:dir)?)|<WORD>{0,12}?<KNOW>\\w{0,4} (?:(?:mümkün|olası) <NOTIS>|imk[aâ]nsız(?:d[ıi]r)?)",
        "<WORD>{0,8}?(?:bilgi|ayrıntı|detay)\\w{0,6} <WORD>{0,2}?<NONE>|<TASK> <WORD>{0,2}?(?:cevabı|yanıtı) <NONE>",
    ),
    fillers=(
        "(?:çok )?üzgünüm|özür dilerim|maalesef|kusura bakmayın|cevap|yanıt|özet|not",
        r"(?:lütfen|eğer|isterseniz|daha fazla bilgi)<REST>",
        r"(?:bunlar|onlar|<DOCS>) (?:sadece|yalnızca) <WORD>{1,8}?(?:söz ed|bahsed|hakkında|ilgili|anlat|ele al)\w*",
    ),
    joints=r",? (?:ancak|fakat|ama|lakin|çünkü|oysa|halbuki|ne var ki|zira|buna rağmen|buna karşın)(?!\w),?|(?<=[dt][ıiuü]ğ[ıiuü]\w{0,5}) için|(?<=(?:yor|d[ıi]r|t[ıi]r|m[ae]z|yok|yor)) (?=ve )",
)
