"""Replies that say only that the documents do not help, and replies that only look so."""

import time

import pytest

from recomp_core.abstractive.llm_summarizer import LLMSummarizer
from recomp_core.text.refusals import may_mean_nothing, means_nothing

NOTHING = [
    "The documents do not contain information about who built the bell tower.",
    "The documents don't mention the bell tower.",
    "The provided documents do not contain any information about the bell tower's builder.",
    "The provided context does not specify who built the tower.",
    "There is no information about the tower in the documents.",
    "There is no information regarding the builder.",
    "No information about the tower is provided.",
    "No relevant information was found in the provided documents.",
    "None of the documents mention the bell tower.",
    "I'm sorry, but the documents do not contain the answer to your question.",
    "Unfortunately, the passages do not say who built it.",
    "Based on the provided documents, it is not possible to determine who built the tower.",
    "I cannot answer the question based on the documents.",
    "I could not find any information about this in the provided text.",
    "The question cannot be answered from the documents.",
    "The builder of the tower is not mentioned in the documents.",
    "The documents do not contain information about the tower. They only discuss pigs and apples.",
    "The documents do not contain information about the tower. Therefore, I cannot answer the question.",
    "Sorry, I can't help with that.",
    "The documents are not relevant to the question.",
    "Not enough information to answer the question.",
    "The given text does not provide any information on who built the tower.",
    "The documents provided do not include details about the tower.",
    "Die Dokumente enthalten keine Informationen darüber, wer den Turm gebaut hat.",
    "Die bereitgestellten Dokumente enthalten keine Informationen über den Glockenturm.",
    "In den Dokumenten wird nicht erwähnt, wer den Turm gebaut hat.",
    "Leider enthalten die Dokumente keine Angaben dazu.",
    "Die Frage kann anhand der Dokumente nicht beantwortet werden.",
    "Es gibt keine Informationen über den Turm in den Dokumenten.",
    "Les documents ne contiennent pas d'informations sur la tour.",
    "Les documents fournis ne mentionnent pas qui a construit la tour.",
    "Aucune information sur la tour n'est fournie dans les documents.",
    "Il n'y a pas d'information sur la tour dans les documents.",
    "Los documentos no contienen información sobre quién construyó la torre.",
    "Los documentos proporcionados no mencionan la torre.",
    "No hay información sobre la torre en los documentos.",
    "I documenti non contengono informazioni sulla torre.",
    "I documenti forniti non menzionano chi ha costruito la torre.",
    "Non ci sono informazioni sulla torre nei documenti.",
    "Os documentos não contêm informações sobre a torre.",
    "Os documentos fornecidos não mencionam quem construiu a torre.",
    "Não há informações sobre a torre nos documentos.",
    "De documenten bevatten geen informatie over de toren.",
    "De documenten vermelden niet wie de toren heeft gebouwd.",
    "В документах нет информации о том, кто построил башню.",
    "Документы не содержат информации о башне.",
    "В предоставленных документах не упоминается, кто построил башню.",
    "文档中没有提到谁建造了钟楼。",
    "提供的文档没有包含有关钟楼的信息。",
    "根据提供的文档，无法确定谁建造了钟楼。",
    "文件未提及钟楼的建造者。",
    "文書には、鐘楼を誰が建てたかについての情報は含まれていません。",
    "提供された文書には、塔に関する情報がありません。",
    "この質問に関する情報は文書に記載されていません。",
    "문서에는 종탑을 누가 지었는지에 대한 정보가 없습니다.",
    "제공된 문서에는 관련 정보가 포함되어 있지 않습니다.",
    "لا تحتوي الوثائق على معلومات حول من بنى البرج.",
    "لا توجد معلومات عن البرج في المستندات.",
    "الوثائق لا تذكر من بنى البرج.",
]
SOMETHING = [
    "The documents do not contain the tower's height, but the tower was built by Bob.",
    "The documents do not contain X, but the tower was built by Bob",
    "The documents do not mention the year. Anna Horvat built the tower.",
    "Anna Horvat built it in 1871.",
    "The company does not provide refunds.",
    "There is no evidence that vaccines cause autism.",
    "No one survived the crash.",
    "No data was lost in the attack.",
    "There were no survivors.",
    "The contract does not contain a termination clause.",
    "It is not known who built the tower.",
    "The tower was not built by Anna but by Bob.",
    "The documents say that Anna built it.",
    "The tower has no bell.",
    "Employees cannot carry over vacation days.",
    "The text was written by Homer.",
    "The report does not mention injuries.",
    "No information is shared with third parties.",
    "The documents discuss the tower, built in 1871.",
    "The documents describe how Anna built the tower.",
    "Passengers are not allowed to smoke.",
    "There is no ferry on Sundays.",
    "I have a dream is a speech by Martin Luther King.",
    "Although the documents do not name the builder, they say it was built in 1871.",
    "The documents do not state who built it, only that it dates from 1871.",
    "The documents must be signed by both parties.",
    "The context of the treaty was the war of 1812.",
    "Nothing is known of his youth.",
    "The answer is no.",
    "No.",
    "Not until 1871.",
    "IRRELEVANT: nothing about the tower.",
    "The documents are irrelevant.",
    "Die Dokumente enthalten keine Angaben zum Baujahr, aber Anna Horvat baute den Turm.",
    "Der Turm wurde nicht von Anna gebaut.",
    "Die Firma gibt keine Erstattungen.",
    "Es gibt keine Fähre am Sonntag.",
    "Les documents ne précisent pas l'année, mais la tour a été construite par Anna.",
    "Aucun passager n'a survécu.",
    "La tour n'a pas de cloche.",
    "Los documentos no mencionan el año, pero la torre fue construida por Ana.",
    "No hay ferry los domingos.",
    "Non c'è traghetto la domenica.",
    "I documenti non indicano l'anno, ma la torre fu costruita da Anna.",
    "Não há balsa aos domingos.",
    "Os documentos não mencionam o ano, mas a torre foi construída por Ana.",
    "De documenten vermelden het jaar niet, maar Anna bouwde de toren.",
    "Er is geen veerboot op zondag.",
    "В документах нет года постройки, но башню построила Анна.",
    "Башня не имеет колокола.",
    "文档没有提到年份，但钟楼由安娜建造。",
    "钟楼没有钟。",
    "塔は1871年に建てられ、鐘はありません。",
    "文書には年は記載されていませんが、塔はアンナが建てました。",
    "종탑에는 종이 없습니다.",
    "문서에는 연도가 없지만 안나가 지었습니다.",
    "لم يكن البرج قديما.",
    "لا تذكر الوثائق السنة، لكن آنا بنت البرج.",
]

# By language, so that each has both.
REFUSALS = {
    "en": [
        "Unfortunately, the passages supplied don't tell us how deep the lake is.",
        "I looked through the documents, but none of them explains why the mill closed.",
        "There is nothing in these excerpts that would answer your question about the harbour fee.",
        "The retrieved context does not say when the ferry service was discontinued.",
        "Neither passage gives the height of the dam.",
        "The question of who funded the railway isn't addressed in the documents.",
        "Answer: The documents provided don't include any information about the mayor's salary.",
        "From the given text it is unclear which bridge was opened first.",
        "I was unable to find any mention of the 1904 fire in the documents.",
        "The documents are about beekeeping and do not contain information about taxes.",
        "The documents don't cover this topic.",
        "I'm afraid the context doesn't provide enough detail to answer that.",
        "The excerpts do not reveal the name of the ship's captain.",
        "There's no indication in the provided text of how the strike ended.",
        "Sorry, but none of these documents discusses the price of salt.",
        "According to the passages, it's not clear when the school opened.",
        "I don't see any information about the orchard in the provided documents.",
        "The documents focus on fishing and don't mention the school at all.",
        "**Summary:** The passages don’t say who owned the mill.",
        "The documents do not mention who won the race in 1931.",
        "Documents 1 and 3 do not mention the lighthouse.",
        "The documents do not mention the lighthouse [2].",
        "I cannot answer the question because the documents do not mention the lighthouse.",
        "The passages only talk about geese. They never mention the lighthouse.",
        "The documents do not mention Dr. Novak.",
        "The passages contain nothing about the lighthouse, so I cannot answer the question.",
        "Based on what I've been given, there's no way to tell who signed the contract.",
        "The excerpts talk about the museum's collection but are silent on its opening hours.",
        "While the documents discuss the history of the castle, they don't say who owns it now.",
        "As far as the documents go, the founder's nationality is not stated.",
        "My apologies; the texts contain no data about rainfall in 1998.",
        "Who wrote the letter is not disclosed in the passage.",
        "The passages are about lighthouses, not about the price of oil.",
        "The document set has no bearing on the question asked.",
        "The articles leave the question unanswered.",
        "Unable to determine from the provided documents.",
        "I looked through all five documents and found no discussion of vaccine side effects.",
        "The information you are looking for does not appear in these excerpts.",
        "It is unclear from the passages which king commissioned the work.",
        "What the sculptor did after 1920 can't be gleaned from the sources.",
        "There is nothing about the treaty of 1648 in the extracts.",
        "All of the documents concern football; the question about opera remains open.",
        "From the context alone one cannot say how tall she was.",
        "The documents mention the prize but not who received it.",
        "The passages offer little that would help to answer the question.",
        "The sources you provided make no mention of the ferry's capacity.",
        "Because the documents are about tax law, they cannot be used to answer a question about whales.",
        "The query asks about penguins, but the documents only discuss bicycles.",
        "The provided context is empty. I do not have enough information to answer the question.",
        "I couldn't find relevant information in the knowledge base. Could you rephrase your question?",
        "I don't know based on the documents.",
        "No tolls are mentioned in the text.",
        "The texts neither name the keeper nor say when he died.",
    ],
    "de": [
        "Die Textauszüge machen keine Angaben dazu, wie hoch der Damm ist.",
        "Leider lässt sich anhand der Unterlagen nicht feststellen, wann die Fähre eingestellt wurde.",
        "In keinem der Dokumente wird die Mühle erwähnt.",
        "Wer die Bahn finanziert hat, geht aus den Dokumenten nicht hervor.",
        "Die Dokumente beantworten die Frage nach dem Gehalt des Bürgermeisters nicht.",
        "Ich konnte in den Dokumenten keine Informationen zum Hafen finden.",
        "Die bereitgestellten Texte behandeln dieses Thema nicht.",
        "Die Texte sagen nichts über den Salzpreis aus.",
        "Im bereitgestellten Kontext wird die Schule nicht erwähnt.",
        "Es tut mir leid, aber die Dokumente enthalten dazu keine Informationen.",
        "Wann die Schule eröffnet wurde, ist den Dokumenten nicht zu entnehmen.",
        "Die Passagen liefern keine Antwort auf diese Frage.",
        "Ich kann die Frage nicht beantworten, da die Dokumente keine Informationen dazu enthalten.",
        "Über das Gründungsjahr schweigen sich die Texte aus.",
        "Leider konnte ich in den Dokumenten keine Antwort finden.",
        "Der Kontext reicht nicht aus, um die Frage zu beantworten.",
        "Dazu steht in den Texten nichts.",
        "Der Name des Verlags wird im Text nicht genannt.",
        "Es wurden keine passenden Informationen gefunden.",
        "Die Passagen befassen sich mit einem anderen Thema und enthalten keine Angaben zum Hafen.",
    ],
    "fr": [
        "Les passages fournis ne disent pas quand le bac a cessé de circuler.",
        "Aucun des extraits ne parle du moulin.",
        "Je n'ai trouvé aucune information sur la hauteur du barrage dans les textes fournis.",
        "Malheureusement, le contexte ne permet pas de savoir qui a financé le chemin de fer.",
        "La réponse ne figure pas dans les documents.",
        "Ni le premier ni le second document ne mentionne le salaire du maire.",
        "Les extraits ne révèlent pas le nom du capitaine.",
        "Les documents fournis ne donnent pas d'information sur le prix du sel.",
        "Je ne peux pas répondre à cette question à partir des documents fournis.",
        "**Réponse :** Les documents n’indiquent pas qui possédait le moulin.",
        "Désolé, les sources ne traitent pas de cette question.",
        "D'après les extraits, on ne sait pas quand le théâtre a brûlé.",
        "Aucune information utile n'a été trouvée dans la base de connaissances.",
        "La réponse ne se trouve pas dans les documents.",
        "Les textes parlent d'autre chose.",
    ],
    "es": [
        "Los fragmentos proporcionados no dicen cuándo se cerró el molino.",
        "Ninguno de los textos habla de la altura de la presa.",
        "No he encontrado ninguna mención al puerto en los documentos.",
        "Lamentablemente, el contexto no permite saber quién financió el ferrocarril.",
        "La respuesta no aparece en los documentos proporcionados.",
        "Los documentos no tratan este tema.",
        "Los extractos no revelan el nombre del capitán.",
        "En el contexto dado no se indica cuándo abrió la escuela.",
        "No se puede responder a la pregunta con la información proporcionada.",
        "Los documentos proporcionados no contienen detalles sobre el precio de la sal.",
        "En los pasajes no aparece el nombre del capitán.",
        "Con la información proporcionada no es posible responder a la pregunta.",
        "El contexto no ofrece datos sobre la población de la ciudad.",
        "Según los fragmentos, no se sabe cuándo ardió el teatro.",
        "No encontré información concreta sobre eso. ¿Podrías reformular tu pregunta?",
    ],
    "it": [
        "I brani forniti non dicono quando il mulino chiuse.",
        "Nessuno dei testi parla dell'altezza della diga.",
        "Purtroppo il contesto non permette di sapere chi finanziò la ferrovia.",
        "La risposta non si trova nei documenti.",
        "Nei testi non si parla del porto.",
        "Gli estratti non rivelano il nome del capitano.",
        "Nel contesto fornito non si dice quando aprì la scuola.",
        "I documenti non rispondono alla domanda.",
        "Non è possibile determinare il prezzo del sale dai documenti forniti.",
        "Purtroppo non ho trovato nulla in merito nelle fonti.",
        "Non trovo la risposta nei documenti forniti.",
        "Non dispongo di informazioni sufficienti per rispondere.",
        "I testi parlano di altro.",
    ],
    "pt": [
        "Os trechos fornecidos não dizem quando o moinho fechou.",
        "Nenhum dos textos fala da altura da barragem.",
        "Infelizmente, o contexto não permite saber quem financiou a ferrovia.",
        "A resposta não se encontra nos documentos.",
        "Não encontrei nenhuma menção ao porto nos textos.",
        "Os trechos não revelam o nome do capitão.",
        "No contexto fornecido não consta quando a escola abriu.",
        "Não é possível determinar o preço do sal a partir dos documentos fornecidos.",
        "Os documentos não respondem à pergunta.",
        "O contexto não traz dados sobre a população da cidade.",
        "A resposta não consta dos documentos.",
        "Não encontrei informações detalhadas sobre o farol.",
        "Os textos tratam de outro assunto.",
    ],
    "nl": [
        "De fragmenten zeggen niet wanneer de molen sloot.",
        "Geen van de teksten gaat over de hoogte van de dam.",
        "Helaas staat er in de documenten niets over de haven.",
        "Ik kon in de documenten geen informatie over de veerboot vinden.",
        "Wie de spoorlijn betaalde, wordt niet vermeld in de documenten.",
        "De passages vermelden de naam van de kapitein niet.",
        "In de gegeven context wordt de school niet genoemd.",
        "Op basis van deze teksten is niet duidelijk wanneer de school openging.",
        "De documenten geven hier geen informatie over.",
        "Er wordt in de bronnen geen informatie gegeven over zijn geboorteplaats.",
        "De passages gaan over iets anders.",
        "De context geeft die informatie niet.",
        "Ik heb onvoldoende informatie om de vraag te beantwoorden.",
    ],
    "ru": [
        "В приведённых отрывках не говорится, когда закрылась мельница.",
        "Ни в одном из документов не упоминается порт.",
        "К сожалению, тексты не дают ответа на вопрос о высоте плотины.",
        "Я не нашёл в документах сведений о пароме.",
        "Кто оплатил железную дорогу, в документах не указано.",
        "Отрывки не раскрывают имени капитана.",
        "В данных текстах о школе ничего не сказано.",
        "По предоставленным документам нельзя определить цену соли.",
        "Документы не отвечают на вопрос.",
        "На основании этих отрывков ответить на вопрос невозможно.",
        "Ни в одном из источников не упоминается имя капитана.",
        "Ответа на этот вопрос в документах нет.",
        "У меня недостаточно информации, чтобы ответить на вопрос.",
    ],
    "zh": [
        "这些段落没有说明磨坊何时关闭。",
        "所给资料中找不到有关水坝高度的信息。",
        "抱歉，根据上述文档无法得知谁出资修建了铁路。",
        "文档里没有关于渡轮的内容。",
        "两份文档都没有提到港口。",
        "文档中没有透露船长的姓名。",
        "从给定的文本中看不出学校何时开办。",
        "这些文件都没有涉及盐价。",
        "提供的信息不足以回答这个问题。",
        "资料未提及门票价格。",
        "我没有足够的信息来回答这个问题。",
        "知识库中暂无相关记录。",
        "当前文档未收录此内容。",
    ],
    "ja": [
        "これらの文章には、水車小屋がいつ閉鎖されたかは書かれていません。",
        "ダムの高さに関する記述は見当たりません。",
        "残念ながら、提供された資料からは鉄道の出資者を特定できません。",
        "文書の中に港についての記載はありませんでした。",
        "文書からは船長の名前はわかりません。",
        "提供されたテキストには学校についての情報が見つかりませんでした。",
        "塩の価格については資料に記載がありません。",
        "彼の出生地については本文中で触れられていません。",
        "抜粋には彼女が辞任した理由は説明されていません。",
        "出版社の名前は本文に出てきません。",
    ],
    "ko": [
        "이 문서들은 방앗간이 언제 문을 닫았는지 설명하지 않습니다.",
        "댐의 높이에 대한 내용은 문서에 없습니다.",
        "죄송합니다. 제공된 자료에서는 철도 자금을 댄 사람을 확인할 수 없습니다.",
        "항구에 관한 정보를 찾지 못했습니다.",
        "문서에서는 선장의 이름을 밝히지 않습니다.",
        "제공된 텍스트에 학교에 관한 언급이 없습니다.",
        "소금 가격은 자료에 나와 있지 않습니다.",
        "이 글들은 질문과 관련이 없습니다.",
        "질문에 답할 충분한 정보가 없습니다.",
        "해당 내용은 제공된 문서에서 확인되지 않습니다.",
    ],
    "ar": [
        "لا توضح النصوص متى أغلقت الطاحونة.",
        "لم أجد في الوثائق أي معلومات عن ارتفاع السد.",
        "لا يمكن معرفة من مول السكة الحديدية من النصوص المقدمة.",
        "لا يرد ذكر الميناء في المستندات.",
        "لا تذكر النصوص المقدمة اسم القبطان.",
        "لا تحتوي المستندات على إجابة عن هذا السؤال.",
        "لا توجد معلومات حول المدرسة في النص.",
        "لم أجد في المصادر أي إشارة إلى مكان ولادته.",
        "ليس لدي معلومات كافية للإجابة عن السؤال.",
        "لا تشرح المقاطع سبب استقالتها.",
        "لا يرد اسم الناشر في النص.",
    ],
}
SUMMARIES = {
    "en": [
        "The texts do not agree on the date of the fire.",
        "None of the excerpts was published before 1950.",
        "The document does not need to be notarised.",
        "There is no information desk at the station.",
        "The documents don't expire.",
        "Nothing in the treaty prevents a second referendum.",
        "I cannot find my way home is a song by Steve Winwood.",
        "The materials provided by the quarry do not contain asbestos.",
        "The sources of the river do not supply enough water in July.",
        "It is impossible to reach the island in winter.",
        "No answer came from the palace.",
        "The given name is not included in the passport number.",
        "The question is whether the dam will hold.",
        "The documents mention no builder, but Ivan Kos laid the first stone.",
        "No mention was made of her in the obituary.",
        "The documents do not give a date because Kos burnt the registers.",
        "The documents do not bear the royal seal.",
        "The excerpt does not rhyme.",
        "There is no answer key in the second edition.",
        "No passage through the strait was possible in winter.",
        "The context did not favour reform, and the bill failed.",
        "It is unclear to historians why the fleet turned back.",
        "The texts give no hint of rhyme until the ninth century.",
        "I do not know fear, said the captain.",
        "The documents fail to mention the toll of 3 crowns.",
        "The documents do not mention the mill, which was burnt down by Novak.",
        "The documents do not mention the mill because Novak burnt it down.",
        "The passages only talk about geese. Novak kept the lighthouse.",
        "The documents discuss how Novak built the lighthouse. They do not mention the year.",
        "If you have any questions, please ask at the harbour office.",
        "I'm sorry.",
        "They do not mention the lighthouse.",
        "The treaty does not contain a clause about fishing rights.",
        "The report did not mention casualties until 1987.",
        "No changes were made in the text.",
        "No errors were found in the documents.",
        "The provided documents contain no errors.",
        "The documents are about another man, Jan Kos.",
        "The context is empty rhetoric, the critic wrote.",
        "The documents do not make clear that he was guilty, the court found.",
        "While the excavators found pottery, they found no bones.",
        "While the documents discuss the mill, Kos built it. They do not say when.",
        "Because the documents mention poison, they cannot be used to acquit him.",
        "The Articles of Confederation left the question of slavery open.",
        "The text is about grief, not joy, and Kos wrote it.",
        "The documents leave little doubt that the duke ordered the attack.",
        "The documents cannot be used to enter the country.",
        "There is no way to reach the island in winter.",
        "The available data do not indicate a link between the two diseases.",
        "The archive has no records of the trial, which was held in secret.",
        "The information you enter is not stored in the cloud.",
    ],
    "de": [
        "Die Quellen im Tal enthalten kein Eisen.",
        "Der Text enthält keine Absätze.",
        "Es gibt keine Antwort auf den Brief vom König.",
        "Ich kann nicht singen, sagte die Königin.",
        "Die Unterlagen wurden nicht rechtzeitig eingereicht.",
        "Die Dokumente nennen keinen Preis, da Kos umsonst arbeitete.",
        "Keine der Quellen liegt über 900 Metern.",
        "Die Dokumente sind nicht mehr gültig.",
        "In den Texten gibt es keine Reime.",
        "Eine Passage durch das Eis gab es nicht.",
        "Es gibt keine Angaben der Zeugin, die dem widersprechen.",
        "Die Quellen geben kein Wasser mehr.",
        "Die Dokumente enthalten keine Angaben zum Preis, denn Novak arbeitete umsonst.",
        "Die Akten schweigen über den Mord, doch ein Brief nennt den Täter.",
        "Die Mittel reichen nicht aus, um die Frage zu beantworten.",
        "Es wurden keine Überlebenden gefunden.",
        "Die vorliegenden Unterlagen enthalten keine Fehler.",
    ],
    "fr": [
        "Les sources de la vallée ne contiennent pas de fer.",
        "Les documents ne sont pas signés.",
        "Il n'y a pas de réponse du palais.",
        "Aucun texte n'a été adopté en séance.",
        "Je ne peux pas chanter, dit la reine.",
        "Les documents ne donnent pas de prix parce que Kos travaillait gratuitement.",
        "Les documents ne sont plus valables.",
        "Le texte ne rime pas.",
        "Le passage n'est pas ouvert en hiver.",
        "Les sources ne coulent plus.",
        "Aucune réponse n'a été donnée.",
        "Les documents sont insuffisants pour obtenir le visa.",
        "Les documents fournis ne contiennent aucune erreur.",
    ],
    "es": [
        "Las fuentes del valle no contienen hierro.",
        "Los documentos no fueron firmados.",
        "No hay respuesta del palacio.",
        "Ningún texto fue aprobado.",
        "No puedo cantar, dijo la reina.",
        "Los documentos no indican el precio porque Kos trabajaba gratis.",
        "Los documentos ya no son válidos.",
        "El texto no rima.",
        "El paso no está abierto en invierno.",
        "No tengo respuesta, admitió el capitán.",
        "Los documentos son insuficientes para obtener el visado.",
        "En los documentos no aparece ningún error.",
        "El comunicado no hace mención de las víctimas.",
    ],
    "it": [
        "Le fonti della valle non contengono ferro.",
        "I documenti non furono firmati.",
        "Non c'è risposta dal palazzo.",
        "Nessun testo fu approvato.",
        "Non posso cantare, disse la regina.",
        "I documenti non sono più validi.",
        "Il testo non è in rima.",
        "Il passaggio non è aperto in inverno.",
        "Non ho risposta, ammise il capitano.",
        "Non ho trovato nulla, disse il capitano.",
        "Il contratto non indica alcun termine.",
    ],
    "pt": [
        "As fontes do vale não contêm ferro.",
        "Os documentos não foram assinados.",
        "Não há resposta do palácio.",
        "Nenhum texto foi aprovado.",
        "Não posso cantar, disse a rainha.",
        "Os documentos já não são válidos.",
        "O texto não rima.",
        "A passagem não está aberta no inverno.",
        "Não tenho resposta, admitiu o capitão.",
        "Os documentos são insuficientes para obter o visto.",
        "O contrato não indica nenhum prazo.",
    ],
    "nl": [
        "De bronnen in het dal bevatten geen ijzer.",
        "De documenten werden niet ondertekend.",
        "Er is geen antwoord uit het paleis.",
        "Ik kan niet zingen, zei de koningin.",
        "De tekst is niet vertaald.",
        "De documenten zijn niet meer geldig.",
        "De tekst rijmt niet.",
        "De passage is in de winter niet open.",
        "De bronnen geven geen water meer.",
        "De documenten zijn onvoldoende om een visum te krijgen.",
        "Het contract noemt geen termijn.",
    ],
    "ru": [
        "Источники долины не содержат железа.",
        "Документы не были подписаны.",
        "Нет ответа из дворца.",
        "Я не могу петь, сказала королева.",
        "Тексты не переводились на русский язык.",
        "Документы больше не действительны.",
        "Текст не рифмуется.",
        "Источники не пересыхают зимой.",
        "Не знаю страха, сказал капитан.",
        "Документов недостаточно для получения визы.",
        "Договор не указывает срока.",
    ],
    "zh": [
        "文件没有签字。",
        "没有任何回答。",
        "这些资料不对外公开。",
        "无法回答记者的提问令部长尴尬。",
        "内容没有经过审查。",
        "文件已经无效，不能再使用。",
        "文章不押韵。",
        "资料室周日不开放。",
        "没有足够的船，军队未能过河。",
        "文件没有提到价格，因为诺瓦克免费工作。",
        "文中没有出现错别字。",
        "资料未公开。",
        "这些材料不足以建造房屋。",
    ],
    "ja": [
        "文書には署名がありません。",
        "この資料は貸し出していません。",
        "宮殿からの返事はありませんでした。",
        "この記事は無料では読めません。",
        "この文書はもう有効ではありません。",
        "この文章は韻を踏んでいない。",
        "船長は何も知りませんでした。",
        "契約書には期限の定めがない。",
        "資金が橋の修理には足りない。",
    ],
    "ko": [
        "이 문서는 서명되지 않았습니다.",
        "이 자료는 외부로 반출할 수 없습니다.",
        "궁전에서는 답이 없었습니다.",
        "이 텍스트는 번역되지 않았습니다.",
        "이 문서는 더 이상 유효하지 않습니다.",
        "이 글은 운율이 없습니다.",
        "선장은 아무것도 알지 못했습니다.",
        "자료가 부족합니다.",
        "계약서에는 기한이 명시되지 않았다.",
    ],
    "ar": [
        "لم توقع الوثائق.",
        "لا توجد عبارات يوم الأحد.",
        "لا يمكن الوصول إلى الجزيرة شتاء.",
        "لم تترجم النصوص إلى العربية.",
        "الوثائق لم تعد صالحة.",
        "النص لا يتبع قافية.",
        "لا يوجد ماء في الجزيرة.",
        "لا تتضمن المعاهدة بندًا عن حقوق الصيد.",
    ],
}


def by_language(replies):
    return [(name, reply) for name, them in replies.items() for reply in them]


def summarizer(reply, **settings):
    return LLMSummarizer(
        lambda prompts: [reply] * len(prompts), stream=lambda _: iter(reply), **settings
    )


@pytest.mark.parametrize("reply", NOTHING)
def test_a_refusal_is_the_empty_summary(reply):
    assert means_nothing(reply)
    assert means_nothing(f"  {reply}\n")
    assert summarizer(reply).summarize(["x"]) == [""]
    assert list(summarizer(reply).stream("x")) == []


@pytest.mark.parametrize("reply", SOMETHING)
async def test_a_summary_that_denies_something_is_a_summary(reply):
    assert not means_nothing(reply)
    assert summarizer(reply).summarize(["x"]) == [reply]
    assert "".join(summarizer(reply).stream("x")) == reply
    assert "".join([piece async for piece in summarizer(reply).astream("x")]) == reply


@pytest.mark.parametrize("reply", NOTHING)
def test_the_beginning_of_a_refusal_waits(reply):
    for end in range(len(reply) + 1):
        assert may_mean_nothing(reply[:end]), reply[:end]


@pytest.mark.parametrize(("language", "reply"), by_language(REFUSALS))
def test_a_refusal_in_other_words_means_nothing(language, reply):
    assert means_nothing(reply), language
    for end in {*range(0, len(reply), 7), len(reply) - 1}:
        assert may_mean_nothing(reply[:end]), reply[:end]


@pytest.mark.parametrize(("language", "reply"), by_language(SUMMARIES))
def test_what_only_looks_like_a_refusal_means_something(language, reply):
    assert not means_nothing(reply), language


@pytest.mark.parametrize("language", REFUSALS)
def test_a_fact_after_a_refusal_means_something(language):
    for refusal in REFUSALS[language][:3]:
        assert not means_nothing(f"{refusal}\n{SUMMARIES[language][0]}")
        assert not means_nothing(f"{SUMMARIES[language][0]}\n{refusal}")
        assert means_nothing(f"{refusal}\n{REFUSALS[language][-1]}")


def test_a_summary_waits_no_longer_than_it_must():
    for beginning in ("Anna H", "It was b", "The tower was b", "The documents st", "In Rome"):
        assert not may_mean_nothing(beginning)
    pieces = list(summarizer("The tower was built in 1871.").stream("x"))
    assert pieces[0] == "The tower was b"


def test_it_can_be_turned_off():
    for reply in NOTHING[:3]:
        off = summarizer(reply, detect_refusals=False)
        assert off.summarize(["x"]) == [reply]
        assert next(iter(off.stream("x"))) == reply[0]


def test_the_reasoning_before_a_refusal_does_not_hide_it():
    reply = f"<think>Hm, a mill.</think>{NOTHING[0]}"
    assert summarizer(reply).summarize(["x"]) == [""]
    assert list(summarizer(reply).stream("x")) == []


def test_long_texts_take_no_long_time():
    began = time.monotonic()
    for words in ("no the ", "the documents ", "not ", "il n'y a ", "в ", "文档没有"):
        text = (words * 400)[:799]
        means_nothing(text)
        for end in range(0, len(text), 10):
            may_mean_nothing(text[:end])
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("language", REFUSALS)
@pytest.mark.parametrize("more", ["a ", "я", "1 "])
def test_beginnings_that_go_on_for_ever_take_no_long_time(language, more):
    began = time.process_time()
    for refusal in REFUSALS[language]:
        means_nothing(text := (refusal[: len(refusal) // 2] + more * 800)[:799])
        may_mean_nothing(text)
    assert time.process_time() - began < 5
