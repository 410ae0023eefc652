"""Tests of what the model is made with: template, generator, evaluator. Usage: python -m unittest test_tiny"""

from __future__ import annotations

import json
import random
import unittest

import numpy as np
import torch

from dataset import Batches, ChatTokenizer
from evaluate import parse_calls, verdicts
from generator.frames import noise, spin
from generator.kinds import Kinds
from generator.mixture import stream
from generator.tools import tools_skill
from model import ModelConfig, TinyLlama
from train import to_tensors


class Template(unittest.TestCase):
    chat = ChatTokenizer()

    def test_arguments_as_text_and_as_object_render_alike(self) -> None:
        call = lambda a: [{"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f", "arguments": a}}]}]
        self.assertEqual(self.chat.render(call('{"a": 1}'), None, False), self.chat.render(call({"a": 1}), None, False))

    def test_developer_renders_as_system_and_names_are_left_out(self) -> None:
        self.assertEqual(self.chat.render([{"role": "developer", "content": "x", "name": "a b"}], None, False), self.chat.render([{"role": "system", "content": "x"}], None, False))

    def test_an_assistant_message_at_the_end_is_followed_by_another_turn(self) -> None:
        text = self.chat.render([{"role": "user", "content": "Hello!"}, {"role": "assistant", "content": "Hi."}], None, True)
        self.assertTrue(text.endswith("Hi.<|im_end|>\n<|im_start|>assistant\n"))

    def test_tools_without_parameters_or_description_render(self) -> None:
        text = self.chat.render([{"role": "user", "content": "x"}], [{"type": "function", "function": {"name": "f"}}], True)
        self.assertIn("# Tools\nf<|im_end|>", text)

    def test_only_the_assistants_text_is_learned(self) -> None:
        ids, learn = self.chat.example([{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}], [])
        self.assertEqual(self.chat.tokenizer.decode([i for i, flag in zip(ids, learn) if flag], skip_special_tokens=False), "two<|im_end|>")


class Generator(unittest.TestCase):
    def test_noise_never_changes_a_value(self) -> None:
        for seed in range(300):
            rng = random.Random(seed)
            self.assertIn("{value}", noise(spin("[What is|Tell me] the weather of {value}?", rng), rng))

    def test_arguments_are_parameters_of_the_tool_and_none_required_lacks(self) -> None:
        kinds = Kinds(random.Random(3), False)
        for _ in range(2000):
            c = tools_skill(kinds)
            tools = {t["function"]["name"]: t["function"]["parameters"] for t in c.tools}
            for m in c.messages:
                for call in m.get("tool_calls", []):
                    given, schema = json.loads(call["function"]["arguments"]), tools[call["function"]["name"]]
                    self.assertLessEqual(set(schema.get("required", [])), set(given))
                    self.assertLessEqual(set(given), set(schema["properties"]))

    def test_every_answer_meets_its_own_expectation(self) -> None:
        source = stream(11, held=True)
        for _ in range(3000):
            c = next(source)
            last = c.messages[-1]
            calls = [{"name": t["function"]["name"], "arguments": json.loads(t["function"]["arguments"])} for t in last.get("tool_calls", [])]
            results = verdicts(c.expect, last["content"] or "", calls)
            self.assertTrue(all(results.values()), (c.messages, c.expect, results))


class Data(unittest.TestCase):
    def test_a_batch_depends_on_its_step_only(self) -> None:
        one, two = Batches(Template.chat, 1), Batches(Template.chat, 1)
        one.make(6, [(2, 128)])
        self.assertTrue((one.make(7, [(2, 128)])[0]["ids"] == two.make(7, [(2, 128)])[0]["ids"]).all())

    def test_branches_of_a_row_give_the_logits_of_each_conversation_alone(self) -> None:
        source, chat = stream(5, shared=True), Template.chat
        c = next(c for c in source if len(c.siblings) > 1 and c.tools)
        e = chat.joined(c, 2000)
        torch.manual_seed(2)
        model = TinyLlama(ModelConfig(vocab_size=chat.tokenizer.get_vocab_size(), dim=64, layers=2, heads=1, kv_heads=1, ff_dim=64))
        for block in model.blocks:
            torch.nn.init.normal_(block.wo.weight, std=0.1)
        part = {k: np.array([v]) for k, v in (("ids", e.ids), ("positions", e.positions), ("branches", e.branches), ("segments", [0] * len(e.ids)), ("learn", e.learn))}
        tensors = to_tensors({k: np.concatenate([v, v[:, -1:]], 1) for k, v in part.items()}, np.random.default_rng(1))
        together = model(tensors["ids"], tensors["positions"], tensors["mask"])[0]
        for number, sibling in enumerate([c, *c.siblings], 1):
            ids, _ = chat.example(sibling.messages, sibling.tools)
            alone = model(torch.tensor([ids]))[0]
            own = [i for i, b in enumerate(e.branches) if b == number]
            self.assertEqual([e.ids[i] for i in own], ids[e.branches.count(0):])
            self.assertLess(float((together[own] - alone[e.branches.count(0):]).abs().max()), 1e-4)

    def test_calls_are_read_from_the_answers_text(self) -> None:
        text, calls = parse_calls('<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>')
        self.assertEqual((text, calls), ("", [{"name": "f", "arguments": {"a": 1}}]))


if __name__ == "__main__":
    unittest.main()
