"""Documents to blocks: what each line is, in Markdown, plain text, HTML, mail, logs and data.

`formats` recognises what a text is, and one module reads each format to a tree of `Block`s:
`blocks` Markdown and plain text, with `rules` (a module for each kind of block), `lines` (a text's
lines), `markers` (list and section numbers), `section_words` (chapters and articles by language),
`headings` (titles by what stands around them), `records` (forms filled in again and again),
`traces` (of crashed programs) and `paragraphs` (wrapped prose, or lines that stand for themselves);
`markup_blocks` HTML; `tables` rows of any kind, with `drawn_tables`; `data_formats` JSON, YAML and
INI; `xml_data` XML; `source_code` programs. `outline` makes units of the tree, with what each
stands under.

Written by hand, because every block needs its offsets in a time that grows with the text and no
faster. markdown-it-py takes three seconds for a megabyte of list items, the standard library's
html.parser 18 seconds for 60 kB of unclosed tags, and other HTML parsers know no offsets. The tests
compare the blocks with those of markdown-it-py.

Imports `text` only.
"""
