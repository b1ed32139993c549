"""How Portuguese says that documents do not help."""

# ruff: noqa: E501 - broken patterns are hard to read

from ..language import Language

PORTUGUESE = Language(
    words={
        "DOCS": r"(?:(?:os|o|a|estes|este|as|esses|esse|nos|no|na|nas|dos|do|das|pelos|aos|ao|todos os|nestes|nesses) )?(?:(?:documentos?|textos?|trechos?|passagens|passagem|excertos?|contexto|base de conhecimentos?)(?: <NUMBER>)?(?: <GIVEN>)?|(?:fontes|informa[çc][õo]es|artigos?|materiais|conte[úu]dos?) <GIVEN>)",
        "GIVEN": r"(?:fornecid[oa]s?|dad[oa]s?|dispon[íi]veis|apresentad[oa]s?|disponibilizad[oa]s?|acima|anexad[oa]s?|enviad[oa]s?)",
        "STRICT": r"(?:(?:os|o|as|estes|este|esses|esse) (?:documentos?|textos?|trechos?|passagens|excertos?|fontes|informa[çc][õo]es|materiais|conte[úu]dos?|contexto) <GIVEN>)",
        "WORKS": r"(?:<DOCS>|(?:as|os|o|nas|nos|no) (?:fontes|artigos?|material))",
        "ASK": r"(?:sobre |de |por )?(?:quem|quando|onde|como|por qu[eê]|por que|quant[oa]s?|se|qual|quais|o qu[eê]|o que)<TOPIC>",
        "INFO": r"(?:informa[çc](?:[ãa]o|[õo]es)|men[çc][ãa]o|men[çc][õo]es|respostas?|detalhes?|refer[êe]ncias?|indica[çc](?:[ãa]o|[õo]es)|dados)",
        "INFOS": r"<INFO>(?: (?:espec[íi]fic[oa]s?|detalhad[oa]s?|concret[oa]s?|exat[oa]s?|diretamente))?(?:,? (?:<ASK>|(?:sobre|acerca|a respeito|relativ\w+|relacionad\w+|referente\w*|relevantes?|suficientes?|[úu]te?i[sl]|para|quanto|de|do|da|dos|das|ao|[àa]|que|necess[áa]ri\w+|pertinentes?|n[oa]s? <DOCS>|<DOCS>)<TOPIC>))?",
        "SAY": r"(?:mencion|especific|indic|diz|dizem|respond|fal|abord|trat|inform|esclare[cç]|explic|descrev|cit|revel|nome[ia]|identific|fazem refer|faz refer|fazem men|faz men|detalh|apont|relat|registr)\w*",
        "HOLD": r"(?:cont[êeé]m|fornec|d[ãáa]o?|inclu|oferec|t[êe]m|traz|apresent|possu)\w*",
        "SAID": r"(?:mencionad|especificad|indicad|dit|abordad|tratad|informad|citad|descrit|fornecid|presente|dispon[íi]ve|contid|inclu[íi]d|encontrad|nomead)\w*",
        "FIND": r"(?:determin|saber|dizer|respond|identific|estabelec|conhecer|afirm|encontr|deduz|conclu|precis)\w*",
        "TASK": r"(?:[àa]|a|esta|essa|sua|[àa] sua|o|este|tua) (?:pergunta|quest[ãa]o|consulta|tema|solicita[çc][ãa]o|assunto)",
        "SUBJECT": r"(?:o|a|os|as|essa|esta|isso|isto|esse|quem)(?: [^\s\d,]+){1,7}? ",
    },
    leads=r"infelizmente,? |lamento,? |desculpe,? |sinto muito,? |(?:portanto|assim|logo),? ",
    named=r"(?:segundo|de acordo com|conforme|com base|a partir|baseando-me|baseado|ap[óo]s (?:analisar|ler|examinar|revisar)|pelo que consta|considerando|em|(?=nos |no |nas |nestes |nesses |pelos ))(?: em)? ?<DOCS>|(?:com base|a partir) (?:no|do) material",
    lacks=(
        "<DOCS> (?:tamb[ée]m )?n[ãa]o <SAY><REST>",
        r"<WORKS> n[ãa]o (?:<HOLD>|<SAY>) (?:[^\s\d,]+ ){0,3}?(?:<INFOS>|<ASK>|<TASK>|nada (?:sobre|a respeito)<REST>)",
        "<DOCS> (?:s[ãa]o|[ée]) (?:omissos?|silenciosos?) (?:quanto|sobre|a respeito)<REST>|<DOCS> (?:silencia|cala)m? (?:sobre|quanto)<REST>",
        "<DOCS> (?:s[ãa]o|[ée]) insuficientes?(?: para (?:<FIND>|<TASK>)<REST>)?|<DOCS> n[ãa]o bastam? para (?:<FIND>|<TASK>)<REST>",
        "<DOCS> deixam? <TASK> (?:em aberto|sem resposta)",
        r"<DOCS> (?:fala|trata)m? (?:de |sobre )?(?:outra coisa|<FEW>outr[oa]s? (?:tema|assunto|quest)\w*)",
        "n[ãa]o (?:encontrei|encontramos|achei) nada (?:a respeito|sobre|relevante)<REST>",
        r"<DOCS> n[ãa]o permit\w* <FIND><REST>",
        r"<DOCS> n[ãa]o (?:s[ãa]o|[ée]|est[ãa]o|est[áa]) (?:relevante|pertinente|relacionad|suficiente|[úu]te?i)\w* (?:para|com|[àa]|ao)<REST>",
        "<DOCS> n[ãa]o t[êe]m (?:nada a ver|rela[çc][ãa]o)<REST>",
        r"(?:nenhum|nada)a?(?: (?:dos|de|nos|dentre os))? ?(?:<DOCS>|deles|documento|texto|trecho) (?:<SAY><REST>|<HOLD> <FEW>(?:<INFOS>|<ASK>)|(?:[ée]|s[ãa]o) relevante\w*<REST>)",
        "nenhuma informa[çc][ãa]o (?:relevante|dispon[íi]vel|pertinente|sobre <REST>)?(?: ?(?:foi|fora) encontrada)?(?: (?=nos |no )<DOCS>)?",
        r"n[ãa]o (?:h[áa]|existem?|foi encontrada|foram encontradas|constam?|encontrei|encontramos|tenho|disponho de) (?:[^\s\d,]+ ){0,2}?(?:informa[çc](?:[ãa]o|[õo]es)|detalhes|men[çc][ãa]o)(?: (?:sobre|acerca|a respeito|relativ\w+|relevantes?|suficientes?|dispon[íi]\w+|ao|[àa]|de|do|da|para <FIND>|<DOCS>|<ASK>)<TOPIC>)?",
        r"n[ãa]o (?:h[áa]|existe|consta) (?:[^\s\d]+ ){0,3}?(?:<INFO>|nada) (?:[^\s\d]+ ){0,12}?(?=nos |no )<DOCS><REST>",
        r"n[ãa]o (?:posso|consigo|foi poss[íi]vel|[ée] poss[íi]vel|sou capaz de) (?:<FIND>|fornecer|oferecer|gerar|formular) ?(?:[^\s\d]+ ){0,12}?(?:<TASK>|<INFO>|<DOCS>|resumo)<REST>",
        "<STRICT> n[ãa]o (?:<HOLD>|<SAY>)(?! <FLAW>)<REST>",
        "n[ãa]o (?:encontro|encontramos|encontrei|acho|achei|localizei|consigo encontrar|consegui encontrar) <FEW><INFOS>",
        "n[ãa]o sei(?: a resposta)?|n[ãa]o (?:posso|consigo|sei) responder",
        r"<TASK> n[ãa]o (?:pode|tem) (?:ser )?(?:respond\w+|respost\w+)<REST>",
        "<SUBJECT>n[ãa]o (?:[ée]|s[ãa]o|est[áa]|est[ãa]o|foi|consta|aparece|se encontra)m? (?:<SAID> )?(?=nos |no |nas |em |dos |do |das )(?:em )?(?:nenhum dos )?<DOCS>",
        r"n[ãa]o (?:[ée]|s[ãa]o|est[áa]|consta|foi) (?:<SAID> )?(?:[^\s\d]+ ){0,8}?(?=nos |no )<DOCS><REST>",
        "n[ãa]o (?:mencionado|especificado|informado|indicado)(?: <DOCS>)?|sem informa[çc][õo]es(?: relevantes)?",
    ),
    then=(
        "(?:eles )?(?:tamb[ée]m )?n[ãa]o (?:se )?(?:<SAY><REST>|<HOLD> <FEW>(?:<INFOS>|<ASK>))",
        "n[ãa]o (?:h[áa]|existem?|constam?|foi encontrada|encontrei) <FEW>(?:<INFOS>|nada (?:sobre|a respeito)<REST>)",
        "n[ãa]o (?:[ée]|est[áa]|fica|foi) (?:<SAID>|claro|clara),? ?(?:<ASK>|<INFOS>)?",
        "n[ãa]o (?:consta|se sabe) <ASK>",
        "(?:n[ãa]o (?:[ée] poss[íi]vel|posso|se pode|d[áa] para|consigo)|[ée] imposs[íi]vel) <FIND><REST>",
        r"<SUBJECT>n[ãa]o (?:[ée]|s[ãa]o|foi) (?:mencionad|especificad|indicad|informad|citad)\w",
    ),
    fillers=(
        "desculpe|lamento|sinto muito|resposta|resumo|nota",
        "(?:por favor|se (?:voc[êe]|precisar|quiser|desejar|tiver)|(?:poderia|pode) (?:reformular|fornecer|especificar|compartilhar))<REST>",
        r"(?:eles )?(?:<DOCS> )?(?:tratam|falam|abordam|descrevem|trata|fala) (?:apenas|somente|s[óo]|unicamente) (?!como |quem |que )[^\d,]*",
    ),
    joints=r",? (?:mas|por[ée]m|no entanto|contudo|embora|exceto|enquanto|sen[ãa]o|apenas que|porque|pois|j[áa] que|uma vez que|por isso|portanto|visto que|de modo que|logo)(?!\w),?|, (?:disse|que (?:[ée]|foi|era)|ent[ãa]o)(?!\w)| e (?=(?:n[ãa]o|nenhum|tampouco) )",
)
