"""Teaches a small classifier to sort support questions, from answers and labels that OpenAI's models give.

Needs OPENAI_API_KEY. Writes out/train.jsonl, out/eval.jsonl and out/student/.
"""

import asyncio

import rows
import student
from asking import ask_all
from filtering import keep_good


def main() -> None:
    rows.OUT.mkdir(exist_ok=True)
    questions = [row["question"] for row in rows.read("questions.jsonl")]
    print(f"asking: {len(questions)} questions, to be answered and labelled", flush=True)
    answers = asyncio.run(ask_all(questions))

    kept, dropped = keep_good(answers)
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(dropped.items()))
    print(f"filtering: kept {len(kept)} of {len(answers)} answers; dropped {reasons or 'none'}", flush=True)

    written = rows.read("written_by_support.jsonl")
    training = [rows.chat_row(one.question, one.answer, one.label) for one in kept]
    training += [
        rows.chat_row(row["question"], row["answer"], row["label"]) for row in written if row["use"] == "train"
    ]
    held_out = [{"question": row["question"], "label": row["label"]} for row in written if row["use"] == "eval"]
    print(f"writing: {rows.write('train.jsonl', training)} training rows", flush=True)
    print(f"writing: {rows.write('eval.jsonl', held_out)} evaluation rows, labelled by people", flush=True)

    print("training: triage-1", flush=True)
    triage = student.train(training)
    metrics = student.evaluate(triage, held_out)
    student.save(triage, metrics, rows.OUT / "student")
    print(f"evaluating: accuracy {metrics['accuracy']:.0%}, macro F1 {metrics['macro_f1']:.2f}", flush=True)


if __name__ == "__main__":
    main()
