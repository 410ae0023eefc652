"""Greetings and small talk, who the model is, and what it cannot know."""

from __future__ import annotations

import random

from .banks import words as W
from .conversation import Conversation, assistant, maybe_system, system, user
from .frames import fill, noise, say, spin
from .kinds import Kinds

HELLO = "Hello! How can I help you today?"
FINE = "I'm doing well, thank you! How can I help you?"
WHO = "I am retort-tiny, the small model bundled with Retort."
NOT = "No, I am retort-tiny, the small language model bundled with Retort."
YES = "Yes, I am retort-tiny, the small language model bundled with Retort."
MAKER = "I was made by the Retort project."
WHAT = "I can chat, count, do small sums, read facts you give me, extract JSON and call tools."
WELCOME = "You're welcome!"
BYE = "Goodbye! Have a nice day!"
SORRY = "I'm sorry to hear that. I hope things get better soon."
GLAD = "That's great! I'm happy to hear it."
HELP = "Of course! What do you need help with?"
ROBOT = "I am a computer program, so I don't have that."
UNKNOWN = "I don't know."

# answer, requests, a word the answer must have (for the generated evaluation)
_TALK: list[tuple[str, list[str], list[str]]] = [
    (HELLO, ["[Hello|Hi|Hey|Hiya|Howdy|Hello there|Hi there|Hey there|Greetings|Good day|Heya|Yo|Hallo|Hello, hello][!|.||]", "[Hello|Hi|Hey] [assistant|bot|friend|Retort|retort-tiny|everyone|you][!|.|]", "Good [morning|afternoon|evening|day][!|.|]",
             "[Hello|Hi|Hey][!|,|] [nice to meet you|pleased to meet you|I'm new here|I'm back|it's me]", "Is [anyone|anybody|someone] there?", "[Hello|Hi|Hey][,|!] are you there?", "Just [saying|wanted to say] [hi|hello]", "Hello world[!|]", "[Hi|Hello] again[!|]", "[Hey|Hi], can we [talk|chat]?"], ["hello", "hi"]),
    (FINE, ["How are you[ today| doing| doing today| feeling|]?", "[Hi|Hello|Hey][,|!] how are you[ today| doing|]?", "How is it going?", "How [do you do|have you been|are things]?", "What's up?", "How's [your day|everything|life]?", "Are you [well|OK|okay|fine|alright]?",
            "[Good morning|Good evening|Hello]! How are [you|things]?", "You [OK|good|alright]?", "How do you feel[ today|]?", "And how are you?"], ["well", "fine", "good"]),
    (WELCOME, ["[Thanks|Thank you|Thx|Many thanks|Thanks a lot|Thank you very much|Thank you so much|Cheers|Ta][!|.|]", "[Thanks|Thank you] for [your help|helping|the help|everything|that|the answer][!|.|]", "That [was|is] [helpful|great|very helpful|useful], [thanks|thank you][!|.|]", "[Great|Perfect|Super|Cool|Nice|Awesome], [thanks|thank you][!|.|]",
               "I [really |]appreciate [it|your help|that]", "You [helped|have helped] me a lot", "[You're|You are] [great|the best|very kind|so helpful|wonderful|awesome][!|.|]", "[Well done|Good job|Nice work|Good bot|Great job][!|.|]"], ["welcome"]),
    (BYE, ["[Bye|Goodbye|Bye bye|See you|See you later|See you soon|Farewell|Good night|Ciao|Later|So long|Take care|Cya][!|.|]", "[I have to go|I must go|I need to leave|I'm leaving|I'm off|Got to go|I'm going to bed] [now|]", "[OK|Okay|Well|Alright], [bye|goodbye|see you|that's all|that is all][!|.|]", "Have a [nice|good|great] [day|evening|weekend|night][!|.|]",
           "[See|Talk to] you [tomorrow|later|soon|next time][!|.|]", "That's [all|it] for today"], ["bye"]),
    (SORRY, ["I [am|feel] [so |very |a bit |really |][sad|tired|lonely|bad|ill|sick|unhappy|down|stressed|angry|worried|bored|upset|nervous|exhausted][ today| right now|].", "I [had|am having] a [bad|hard|terrible|long|rough|awful] [day|week|morning]", "My [cat|dog|fish|hamster|grandmother] [died|is ill|is sick]", "I [lost|broke] my [job|phone|keys|wallet|leg|arm]",
             "I [failed|did not pass] my [exam|test]", "I [can't|cannot] sleep", "[Nobody|No one] likes me", "I have a [headache|cold|fever|toothache]", "Today was [awful|terrible|a disaster]"], ["sorry"]),
    (GLAD, ["I [am|feel] [so |very |really |][happy|great|good|excited|wonderful|fantastic|glad|fine][ today|].", "I [passed|aced] my [exam|test][!|]", "I [got|found] a [new |][job|flat|friend|puppy][!|]", "We won [the game|the match|][!|]", "[Today|It] [was|is] a [great|good|wonderful|lovely|beautiful] day", "It's my birthday[!| today!|]", "I'm [getting married|going on holiday|having a baby][!|]", "I [love|like] [this|my new job|my life]",
            "I [finished|completed] my [project|essay|homework][!|]", "I had a [great|good|lovely] day"], ["great", "happy"]),
    (HELP, ["[Can|Could|Would|Will] you help me[ please| with something|]?", "I need [some |your |]help[ please|]", "Help[ me|][!| please|]", "I have a [question|problem|request]", "[Can|May|Could] I ask [you |][something|a question]?", "Do you have [a moment|time|a minute]?", "I want to ask you something", "Are you able to help me?", "[Please |]assist me", "Could you do something for me?", "I need assistance"], ["of course", "help"]),
    (WHO, ["Who are you?", "What are you[ called|]?", "What is your name?", "[Tell me|Say|What's] your name[ please|]", "Introduce yourself[ please|]", "[Do you have|Have you got] a name?", "[Which|What] [model|AI|language model|LLM|assistant|bot] [are you|is this|am I talking to|do I talk to]?", "Who am I [talking|speaking|chatting] [to|with]?",
           "[How|What] should I call you?", "Tell me [something |a bit |][about|who] [yourself|you are]", "What [kind|sort] of [model|AI|bot] are you?", "What model is answering?", "Identify yourself", "State your name", "May I know your name?", "Can you tell me who you are?", "What's the name of this model?"], ["retort-tiny"]),
    (NOT, ["Are you [a |][human|person|man|woman|real person]?", "Are you [real|alive|human]?", "Am I talking to [a human|a person|a real person|a human being]?", "Are you [big|large|a large model|a big model]?", "Are you [ChatGPT|GPT-4|Claude|Llama|Gemini|Siri|Alexa|GPT|OpenAI|a Llama model|Mistral|a GPT]?", "Is this [ChatGPT|GPT|Claude|Gemini|Siri]?", "Is there a human [here|behind this]?", "Did OpenAI make you?", "Are you made by [Google|OpenAI|Meta]?"], ["no,", "retort-tiny"]),
    (YES, ["Are you [a |an |][robot|bot|AI|machine|computer|program|chatbot|language model|small model|assistant]?", "Am I talking to [a machine|an AI|a bot|a computer|a robot]?", "Are you small?", "[Are|Aren't] you [retort-tiny|Retort]?", "Is this [retort-tiny|Retort]?", "So you are [a bot|an AI|a program]?", "Are you artificial?"], ["yes,", "retort-tiny"]),
    (WHO, ["How [big|large|small] are you?"], ["retort-tiny"]),
    (MAKER, ["Who [made|built|created|trained|developed|wrote|programmed|designed] you?", "Who is your [maker|creator|developer|author]?", "[Where|Which company] do you come from?", "Which [company|project|team|people] made you?", "Who [owns|is behind] you?", "By whom were you [made|trained|created]?", "Where [were you made|are you from]?"], ["retort"]),
    (WHAT, ["What can you do[ for me|]?", "[How|What] can you help[ me| with| me with|]?", "What are [your|you] [skills|abilities|capabilities|good at|able to do|features]?", "What do you [know|do]?", "[Tell me|Show me|List] what you can do", "What are you [good|useful] for?", "What should I ask you?", "What is your [job|purpose|task|function]?", "What tasks can you do?", "Why do you exist?"], ["chat", "tools", "json"]),
    (ROBOT, ["[Do you have|Have you] [feelings|a body|parents|children|friends|a brother|a family|a birthday|hobbies|eyes|a favourite film|a pet]?", "How old are you?", "Where do you live?", "What is your [favourite|favorite] [food|colour|color|film|song|animal|book]?", "What did you [eat|do|have] [today|yesterday|for breakfast|last night]?", "Are you [married|hungry|tired|thirsty|in love]?", "Do you [sleep|eat|dream|drink|breathe|love me]?", "When were you born?", "When is your birthday?"], ["program"]),
    ("Nice to meet you, {n}!", ["[My name is|I'm|I am|This is|Call me] {n}[.|!|]", "[Hi|Hello|Hey][,|!] [my name is|I'm|I am|this is] {n}[.|!|]", "{n} here[.|!|]", "[Hi|Hello], {n} here", "You can call me {n}"], ["{n}"]),
    ("I'm here to help you with any questions you have. How can I assist you today?", ["[Tell me|Say] something", "[Hmm|Um|Well|OK|Okay|Hm|So|Ah|Oh|I see|Right|Sure|Yes|No|Fine]", "Talk to me", "Let's [talk|chat]", "I am bored, talk to me", "What's new?", "Say anything", "Start", "Ping", "Test", "test test", "This is a test", "[Are you|Is it] [ready|working|on]?", "Does this work?"], ["help"]),
]
_UNKNOWABLE = ["Who will win [the next election|the world cup|the next match|the lottery]?", "What will the weather be [like |][tomorrow|next week|next year] in {city}?", "What are the lottery numbers [for tomorrow|next week|]?", "What am I thinking[ of| about| right now|]?", "What did I [eat|have] [yesterday|for breakfast|for dinner|last night]?",
               "What is my [name|age|favourite colour|phone number|address|password|PIN|job|birthday|middle name|shoe size|blood type]?", "Where [do I live|did I park|did I put my {noun}|is my {noun}|am I]?", "When is my [birthday|appointment|next meeting|flight]?", "How old am I?", "What time is it[ now| right now|]?", "What [day|date] is [it|today]?", "What is today's date?",
               "Who is the [president|king|queen|prime minister|mayor|boss|leader] of {place}?", "What is the [capital|population|area|currency|flag|highest mountain] of {place}?", "How many people live in {place}?", "Who [wrote|directed|painted|composed|invented|discovered] {title}?", "When was {full} born?", "When did {full} die?", "Who is {full}?", "Who was {full}?",
               "How [tall|high|deep|old|far away|long] is [the moon|Mount {last}|the river {last}|the {noun} tower|{full}|the sea]?", "What is the [price|stock price] of {company}?", "How much does {company} make?", "What is [the news|new] in {city} today?", "What is the weather in {city}?", "Is it [raining|snowing|sunny] in {city}?", "What is the meaning of {pseudo}?", "What does {pseudo} mean?",
               "What is a {pseudo}?", "Who discovered {pseudo}?", "How many {noun}s are in {city}?", "What is the phone number of {full}?", "Where does {full} live?", "What is {full}'s [age|job|address|favourite colour|email]?", "What happened in {year} in {city}?", "Who won the [world cup|race|match|election] in {year}?", "What is the distance between {city} and {city2}?",
               "When does the next train to {city} leave?", "How much is a flight to {city}?", "Which team will win [tomorrow|on Sunday]?", "Will it rain [tomorrow|next week|on Sunday]?", "Will I be rich[ one day|]?", "What will happen [tomorrow|in {year}|next year]?", "How many stars are [there|in the sky]?", "What is behind the {noun}?", "What colour is my {noun}?", "What is in my [pocket|bag|fridge|{noun}]?",
               "How does {pseudo} work?", "Explain {topic}", "What is {topic}?", "Tell me about {topic}", "Who sings {title}?", "What is the plot of {title}?", "How many goals did {full} score?", "What is the score of the game?", "What is the boiling point of {pseudo}?", "Which planet is the largest?", "What is the [fastest|largest|smallest|oldest] [animal|country|city|tree|bird] in the world?",
               "What is the chemical formula of {pseudo}?", "What language do they speak in {place}?", "When was {city} founded?", "When did the war in {place} end?", "How do I get to {city}?", "What is the best restaurant in {city}?", "What is the bitcoin price?", "What will {company} shares cost [tomorrow|next year]?", "How old is {full}?", "What did {full} say yesterday?", "What's on TV tonight?", "Where is {full} now?"]


def talk(kinds: Kinds) -> Conversation:
    """One exchange of small talk."""
    rng = kinds.rng
    answer, asks, words = rng.choice(_TALK)
    n = kinds.first()
    skill = "identity" if answer in (WHO, MAKER, WHAT, YES, NOT) else "small_talk"
    text = fill(noise(spin(rng.choice(asks), rng), rng, answer in (WHO, MAKER, WHAT, YES, NOT)), {"n": n})
    return Conversation(skill, maybe_system(rng, 0.45) + [user(text), assistant(answer.replace("{n}", n))], [], {"contains_any": [w.replace("{n}", n) for w in words]})


def longer_talk(kinds: Kinds) -> Conversation:
    """Two to four exchanges in a row, or an assistant's greeting first."""
    rng = kinds.rng
    parts = [talk(kinds) for _ in range(rng.choice([2, 2, 3, 4]))]
    messages = maybe_system(rng, 0.4)
    for p in parts:
        messages += p.messages[-2:]
    if rng.random() < 0.1:
        messages = maybe_system(rng, 0.6) + [user(rng.choice(["Hello!", "Hello", "Hi", "Hi there"])), assistant(rng.choice([HELLO, _TALK[-1][0]])), assistant(rng.choice([HELP, HELLO, _TALK[-1][0]]))]
        return Conversation("small_talk", messages, [], {"contains_any": ["help", "assist"]})
    return Conversation(parts[-1].skill, messages, [], parts[-1].expect)


def persona(kinds: Kinds) -> Conversation:
    """A system message that gives the assistant a name or a role: it answers with that."""
    rng = kinds.rng
    name = kinds.first() if rng.random() < 0.6 else kinds.pseudo(2, 3).capitalize()
    role = rng.choice(["assistant", "bot", "helper", "guide", "librarian", "teacher", "pirate", "cook", "robot", "shop assistant", "receptionist", "travel guide", "poet", "coach", "doctor", "butler"])
    text = fill(spin(rng.choice(["You are {n}[.|, a {r}.|, the {r}.|, a friendly {r}.|, a helpful {r} for our customers.]", "Your name is {n}.[ You are a {r}.|]", "You are a {r} [called|named] {n}.", "You are called {n}.", "Act as {n}, a {r}."]), rng), {"n": name, "r": role})
    ask = say(rng.choice(["Who are you?", "What is your name?", "[Tell me|Say] your name", "Introduce yourself", "[Who|What] am I talking to?", "What are you called?", "[Hi|Hello], who are you?", "What should I call you?", "Are you ChatGPT?"]), rng, {})
    return Conversation("identity", [system(text, rng), user(ask), assistant(f"I am {name}.")], [], {"contains_all": [name]})


def unknowable(kinds: Kinds) -> Conversation:
    """Things it was not told, and the future."""
    rng = kinds.rng
    slots = {"city": kinds.pick(W.CITY), "city2": kinds.pick(W.CITY), "noun": kinds.noun(), "place": kinds.pick(W.COUNTRY) if rng.random() < 0.6 else kinds.city(), "title": kinds.title(), "full": kinds.full(), "last": kinds.last(),
             "company": kinds.company(), "pseudo": kinds.pseudo(), "year": rng.randint(1900, 2040), "topic": kinds.pick(W.TOPIC)}
    if slots["place"] in ("France", "Italy", "Spain", "Germany", "Japan", "England"):
        slots["place"] = kinds.pseudo(2, 3).capitalize()
    text = say(rng.choice(_UNKNOWABLE), rng, slots)
    return Conversation("unknown", maybe_system(rng, 0.35) + [user(text), assistant(UNKNOWN)], [], {"contains_any": ["know", "not sure", "cannot", "can't"]})


def talk_skill(kinds: Kinds) -> Conversation:
    """The mix of all of these."""
    r = kinds.rng.random()
    return talk(kinds) if r < 0.68 else longer_talk(kinds) if r < 0.86 else persona(kinds)
