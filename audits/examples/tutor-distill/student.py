"""The student: a small neural language model in numpy that predicts the next word from the three before it.

An embedding per word, one hidden layer, a softmax over the vocabulary, trained with Adam (Bengio et al., 2003).
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CONTEXT, EMBEDDING, HIDDEN = 3, 32, 64
EPOCHS, BATCH, STEP, DECAY = 4, 64, 0.003, 0.01
START, ANSWER, END, UNKNOWN = "<start>", "<answer>", "<end>", "<unknown>"
SEED = 1
RARE = 1  # words seen no more often than this become UNKNOWN


def tokenize(question: str, answer: str) -> list[str]:
    asked, answered = (re.findall(r"\w+|[^\w\s]", text.lower()) for text in (question, answer))
    return [START] * CONTEXT + asked + [ANSWER] + answered + [END]


@dataclass
class Student:
    """Weights and vocabulary. Arrays: embed (words, EMBEDDING), inner, inner_bias, outer, outer_bias."""

    vocabulary: list[str]
    weights: dict[str, np.ndarray]

    @classmethod
    def fresh(cls, texts: list[list[str]], random: np.random.Generator) -> "Student":
        counts = Counter(word for text in texts for word in text)
        common = sorted(word for word, count in counts.items() if count > RARE)
        vocabulary = [UNKNOWN, *(word for word in common if word != UNKNOWN)]
        size = len(vocabulary)
        shapes = {
            "embed": (size, EMBEDDING),
            "inner": (CONTEXT * EMBEDDING, HIDDEN),
            "outer": (HIDDEN, size),
        }
        weights = {name: random.normal(0, 0.1, shape).astype(np.float32) for name, shape in shapes.items()}
        weights["inner_bias"] = np.zeros(HIDDEN, np.float32)
        # Starting from the words' frequencies leaves only their order to be learned.
        frequency = np.array([counts.get(word, 1) for word in vocabulary], np.float32)
        weights["outer_bias"] = np.log(frequency / frequency.sum())
        return cls(vocabulary, weights)

    def examples(self, texts: list[list[str]]) -> tuple[np.ndarray, np.ndarray]:
        """Contexts (n, CONTEXT) and the words that follow them (n,), as vocabulary positions."""
        place = {word: position for position, word in enumerate(self.vocabulary)}
        coded = [[place.get(word, 0) for word in text] for text in texts]
        windows = [text[n - CONTEXT : n + 1] for text in coded for n in range(CONTEXT, len(text))]
        table = np.array(windows, np.int64)
        return table[:, :CONTEXT], table[:, CONTEXT]

    def forward(self, contexts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Embedded contexts, hidden activations and log probabilities of every next word."""
        embedded = self.weights["embed"][contexts].reshape(len(contexts), -1)
        hidden = np.tanh(embedded @ self.weights["inner"] + self.weights["inner_bias"])
        logits = hidden @ self.weights["outer"] + self.weights["outer_bias"]
        logits -= logits.max(axis=1, keepdims=True)
        return embedded, hidden, logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))

    def gradients(self, contexts: np.ndarray, following: np.ndarray) -> dict[str, np.ndarray]:
        """The gradient of the mean cross-entropy, by backpropagation."""
        embedded, hidden, log_probabilities = self.forward(contexts)
        error = np.exp(log_probabilities)
        error[np.arange(len(following)), following] -= 1
        error /= len(following)
        back = (error @ self.weights["outer"].T) * (1 - hidden**2)
        to_words = (back @ self.weights["inner"].T).reshape(-1, EMBEDDING)
        embed = np.zeros_like(self.weights["embed"])
        np.add.at(embed, contexts.reshape(-1), to_words)
        return {
            "embed": embed,
            "inner": embedded.T @ back,
            "inner_bias": back.sum(axis=0),
            "outer": hidden.T @ error,
            "outer_bias": error.sum(axis=0),
        }

    def perplexity(self, texts: list[list[str]]) -> float:
        contexts, following = self.examples(texts)
        log_probabilities = self.forward(contexts)[2]
        return float(np.exp(-log_probabilities[np.arange(len(following)), following].mean()))

    def answer(self, question: str, most_words: int = 40) -> str:
        """The likeliest continuation of a question, word by word."""
        words = tokenize(question, "")[:-1]
        asked = len(words)
        while len(words) - asked < most_words and words[-1] != END:
            contexts, _ = self.examples([[*words[-CONTEXT:], UNKNOWN]])
            likely = self.forward(contexts)[2][0]
            likely[0] = -np.inf
            words.append(self.vocabulary[int(likely.argmax())])
        return " ".join(word for word in words[asked:] if word != END)


def untrained(texts: list[list[str]]) -> Student:
    """A student that knows how frequent words are, and nothing else: what training is measured against."""
    return Student.fresh(texts, np.random.default_rng(SEED))


def train(texts: list[list[str]]) -> Student:
    """Fit a student to tokenized texts."""
    random = np.random.default_rng(SEED)
    student = Student.fresh(texts, random)
    contexts, following = student.examples(texts)
    mean = {name: np.zeros_like(weight) for name, weight in student.weights.items()}
    spread = {name: np.zeros_like(weight) for name, weight in student.weights.items()}
    step = 0
    for _ in range(EPOCHS):
        order = random.permutation(len(following))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            step += 1
            for name, gradient in student.gradients(contexts[batch], following[batch]).items():
                mean[name] += 0.1 * (gradient - mean[name])
                spread[name] += 0.001 * (gradient**2 - spread[name])
                scaled = mean[name] / (1 - 0.9**step) / (np.sqrt(spread[name] / (1 - 0.999**step)) + 1e-8)
                student.weights[name] -= STEP * (scaled + DECAY * student.weights[name])
    return student


def save(student: Student, metrics: dict[str, float], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "weights.npz", **student.weights)
    (folder / "vocabulary.json").write_text(json.dumps(student.vocabulary, ensure_ascii=False), encoding="utf-8")
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
