"""LangChain's chat model over the openai package: another reader of the same stream."""

import asyncio
import unittest

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI

import conversations
from client_case import ClientCase


class LangChain(ClientCase):

    def model(self, **options):
        return ChatOpenAI(model=conversations.MODEL, base_url=f"{self.url}/v1", api_key="none",
                          temperature=0, max_retries=0, max_tokens=48, **options)

    def test_a_stream_is_the_answer_in_pieces(self):
        model = self.model(stream_usage=True)
        for question in conversations.QUESTIONS[:8]:
            whole = model.invoke(question)
            streamed = None
            for piece in model.stream(question):
                streamed = piece if streamed is None else streamed + piece
            self.assertEqual(streamed.content, whole.content)
            self.assertEqual(streamed.usage_metadata, whole.usage_metadata)

    def test_many_at_once(self):
        async def run():
            model = self.model()
            questions = conversations.QUESTIONS[:8]
            answers = await asyncio.gather(*(model.ainvoke(question) for question in questions))
            self.assertEqual([answer.content for answer in answers],
                             [model.invoke(question).content for question in questions])

        asyncio.run(run())

    def test_a_bound_tool_is_called_and_answered(self):
        tools = conversations.example("create")["tools"]
        model = self.model().bind_tools(tools)
        question = HumanMessage(conversations.WEATHER_QUESTION)
        asked = model.invoke([question])
        self.assertEqual(asked.tool_calls[0]["name"], "get_current_weather")
        self.assertEqual(asked.tool_calls[0]["args"], {"location": "Paris"})
        result = ToolMessage('{"temperature": 21}', tool_call_id=asked.tool_calls[0]["id"])
        self.assertIn("21", model.invoke([question, asked, result]).content)


if __name__ == "__main__":
    unittest.main()
