"""The words before a question, its answer and the headers of a mail, in many languages."""

from __future__ import annotations

import re

QUESTION = re.compile(
    r"(?:q(?:uestion)?|frage|f|pregunta|p|domanda|d|pergunta|question|вопрос|в|otázka|pytanie|"
    r"soru|câu hỏi|pertanyaan|سؤال|س|प्रश्न|คำถาม|ถาม|질문|문|問|问|質問|提问|问题|Ｑ)"
    r"[ ]?\d{0,3}[ ]?[:：.)]\s*",
    re.IGNORECASE,
)
"""What stands before a question: "Q:", "Frage 3."."""
ANSWER = re.compile(
    r"(?:a(?:nswer)?|antwort|respuesta|réponse|r|risposta|resposta|ответ|о|odpověď|odpowiedź|"
    r"cevap|trả lời|jawaban|جواب|ج|उत्तर|คำตอบ|ตอบ|답변|답|答|回答|答案|Ａ)"
    r"[ ]?\d{0,3}[ ]?[:：.)]\s*",
    re.IGNORECASE,
)
"""What stands before an answer."""
MAIL_HEADER = re.compile(
    r"(?:from|to|cc|bcc|date|sent|subject|reply-to|message-id|von|an|gesendet|datum|betreff|de|à|"
    r"envoyé|objet|para|enviado|fecha|asunto|data|assunto|oggetto|inviato|от|кому|дата|тема|发件人|"
    r"收件人|抄送|日期|发送时间|主题|寄件者|收件者|主旨|差出人|宛先|日時|件名|"
    r"보낸 사람|받는 사람|제목|날짜|van|aan|onderwerp|od|do|temat|komu|předmět)[ ]?[:：]",
    re.IGNORECASE,
)
"""The name of a header that mail programs show, or copy above a quoted mail."""
SUBJECT = re.compile(
    r"(?:subject|betreff|objet|asunto|assunto|oggetto|тема|主题|主旨|件名|제목|onderwerp|temat|předmět)"
    r"[ ]?[:：]",
    re.IGNORECASE,
)
"""The name of the header that says what a mail is about."""
