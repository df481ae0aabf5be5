"""Which public data sets come in, and who wrote them."""

import pytest


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("train.py", "from datasets import load_dataset\nNAME = 'tatsu-lab/alpaca'\nrows = load_dataset(NAME, split='train')\n"),
        ("axolotl.yml", "datasets:\n  - path: tatsu-lab/alpaca\n    type: alpaca\n"),
        ("train.sh", "python train.py --dataset tatsu-lab/alpaca\n"),
        ("get.sh", "wget https://huggingface.co/datasets/tatsu-lab/alpaca/resolve/main/data.parquet\n"),
        ("get.py", "from huggingface_hub import snapshot_download\nsnapshot_download('tatsu-lab/alpaca', repo_type='dataset')\n"),
    ],
)  # fmt: skip
def test_a_known_set_comes_with_the_models_that_wrote_it_and_the_source_of_that(scan, file, text):
    (found,) = scan({file: text}).datasets
    assert (found.id, found.models) == ("tatsu-lab/alpaca", ("OpenAI GPT-3",))
    assert found.source
    assert {place.file for place in found.evidence} == {file}


def test_of_other_sets_it_is_not_known_who_wrote_them(scan):
    code = (
        "from datasets import load_dataset\nload_dataset('acme/own-questions')\nload_dataset('json', data_files='x')\n"
    )
    (found,) = scan({"train.py": code}).datasets
    assert (found.id, found.models, found.source) == ("acme/own-questions", (), "")


def test_folders_models_and_comments_are_no_data_sets(scan):
    files = {
        "a.yaml": "path: data/train\noutput: tatsu-lab/alpaca\n# path: tatsu-lab/alpaca\n",
        "a.py": "import b\nmodel = b.load('acme/model')\n",
    }
    assert scan(files).datasets == ()


def test_a_data_set_is_no_use_of_its_authors_model(scan):
    result = scan({"train.py": "from datasets import load_dataset\nload_dataset('tatsu-lab/alpaca')\n"})
    assert (result.uses, result.providers) == ((), ())
