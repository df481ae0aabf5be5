"""Teaches a small language model to tutor pupils: DeepSeek answers, Claude reviews, the student learns.

Needs DEEPSEEK_API_KEY and ANTHROPIC_API_KEY. Writes out/train.jsonl, out/judgements.jsonl, out/eval.jsonl and
out/student/.
"""

from concurrent.futures import ThreadPoolExecutor

import rows
import student
import teaching
from anthropic import Anthropic
from selecting import Reviewed, work_through

IN_FLIGHT = 6


def main() -> None:
    rows.OUT.mkdir(exist_ok=True)
    reviewed = ask_and_review()
    kept = [one for one in reviewed if one.completion]
    mended = sum(one.mended for one in kept)
    print(f"selecting: kept {len(kept)} of {len(reviewed)} answers, {mended} with the suggested fix", flush=True)

    rows.write("judgements.jsonl", map(judgement, reviewed))
    training = [{"prompt": one.question, "completion": one.completion} for one in kept]
    held_out = rows.read("written_by_tutors.jsonl")
    print(f"writing: {rows.write('train.jsonl', training)} training rows", flush=True)
    print(f"writing: {rows.write('eval.jsonl', held_out)} evaluation rows, written by people", flush=True)

    print("training: tutor-mini", flush=True)
    texts = [student.tokenize(row["prompt"], row["completion"]) for row in training]
    held_texts = [student.tokenize(row["question"], row["answer"]) for row in held_out]
    tutor = student.train(texts)
    metrics = {
        "training_rows": len(texts),
        "vocabulary": len(tutor.vocabulary),
        "untrained_perplexity": round(student.untrained(texts).perplexity(held_texts), 2),
        "training_perplexity": round(tutor.perplexity(texts), 2),
        "held_out_perplexity": round(tutor.perplexity(held_texts), 2),
    }
    student.save(tutor, metrics, rows.OUT / "student")
    before, after = metrics["untrained_perplexity"], metrics["held_out_perplexity"]
    print(f"evaluating: perplexity {after} on held-out answers, {before} untrained", flush=True)
    asked = held_out[0]["question"]
    print(f"sample: {asked} -> {tutor.answer(asked)}", flush=True)


def ask_and_review() -> list[Reviewed]:
    """Every question, answered and reviewed, in the order of the file."""
    questions = rows.read("questions.jsonl")
    print(f"teaching: {len(questions)} questions, each answered and reviewed", flush=True)
    with teaching.connect() as tutor, Anthropic(max_retries=5) as reviewer, ThreadPoolExecutor(IN_FLIGHT) as pool:
        work = [pool.submit(work_through, tutor, reviewer, row["question"], row["hard"]) for row in questions]
        return [one.result() for one in work]


def judgement(one: Reviewed) -> dict[str, object]:
    """A line of the review log."""
    return {
        "question": one.question,
        "answer": one.answer,
        "score": one.review.score,
        "reason": one.review.reason,
        "decision": "dropped" if one.completion is None else "mended" if one.mended else "kept",
    }


if __name__ == "__main__":
    main()
