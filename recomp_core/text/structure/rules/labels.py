"""The words before a question, its answer and the headers of a mail, in many languages."""

from __future__ import annotations

import re

QUESTION = re.compile(
    r"[【［\[]?(?:q(?:uestion)?|frage|f|pregunta|p|domanda|d|pergunta|question|вопрос|в|otázka|"
    r"pytanie|soru|(?:câu )?hỏi|pertanyaan|(?:ال)?سؤال|س|پرسش|שאלה|ש|ερώτηση|ερ|vraag|v|प्रश्न|"
    r"คำถาม|ถาม|질문|문|問|问|質問|提问|问题|Ｑ|problem|issue|symptom|problema|problème|問題|症状)"
    r"[ ]?\d{0,3}[ ]?[:：.．)】］\]]\s*",
    re.IGNORECASE,
)
"""What stands before a question, or a problem: "Q:", "Frage 3.", "【问】"."""
ANSWER = re.compile(
    r"[【［\[]?(?:a(?:nswer)?|antwort|respuesta|réponse|r|risposta|resposta|ответ|о|odpověď|odpowiedź|"
    r"cevap|trả lời|đáp(?: án)?|jawaban|(?:ال)?جواب|ج|پاسخ|תשובה|ת|απάντηση|απ|antwoord|उत्तर|คำตอบ|"
    r"ตอบ|답변|답|答|回答|答案|Ａ|solution|fix|workaround|lösung|solución|soluzione|solução|解决方案|"
    r"解决办法|解決策|対処)[ ]?\d{0,3}[ ]?[:：.．)】］\]]\s*",
    re.IGNORECASE,
)
"""What stands before an answer, or a solution."""
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
