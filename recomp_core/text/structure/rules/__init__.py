"""The blocks of Markdown and plain text: a module for each kind, with the rules that find it.

A rule looks at one line of a `scan`, adds what begins there, and returns the line after it. `code`,
`titles`, `mail`, `questions`, `transcripts` (logs, chats and plays), `entries` (forms, options and
terms), `items` and `prose` hold those of one kind each, `markdown` what else Markdown marks.
`labels` has the words of many languages that tell a question, an answer and a mail, and `ends` what
ends a paragraph without a blank line. `blocks` tries the rules in their order.
"""
