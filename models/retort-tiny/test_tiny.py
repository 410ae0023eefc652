"""Tests of what the model is made with: template, generator, evaluator. Usage: python -m unittest test_tiny"""

from __future__ import annotations

import json
import random
import unittest

from dataset import Batches, ChatTokenizer
from evaluate import parse_calls, verdicts
from generator.frames import noise, spin
from generator.kinds import Kinds
from generator.mixture import stream
from generator.tools import tools_skill


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
        one.make(6, 2, 128)
        self.assertTrue((one.make(7, 2, 128)["ids"] == two.make(7, 2, 128)["ids"]).all())

    def test_calls_are_read_from_the_answers_text(self) -> None:
        text, calls = parse_calls('<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>')
        self.assertEqual((text, calls), ("", [{"name": "f", "arguments": {"a": 1}}]))


if __name__ == "__main__":
    unittest.main()
