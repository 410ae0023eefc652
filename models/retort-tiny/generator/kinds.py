"""More kinds of values, small ones that the banks name: relations, shops, places, doctors, urls."""

from __future__ import annotations

from .banks import words as W
from .values import Values

RELATION = "sister brother mother father uncle aunt cousin friend boss neighbour teacher wife husband son daughter doctor grandmother grandfather roommate colleague".split()
SHOP = "shop;library;museum;bakery;bank;pharmacy;post office;gym;pool;zoo;restaurant;café;market;cinema;theatre;office;clinic;garage;bookshop;park;supermarket;gallery;castle;station;school;club;bar;hotel;hospital;store;salon;farm".split(";")
EVENTWORD = "meeting party workshop concert exam wedding lecture match interview picnic race festival dinner course show conference game lesson training exhibition auction parade trip tournament call ceremony fair".split()
CODETHING = "code;password;secret word;PIN;door code;access code;locker number;magic word;project name;code word;key;booking number;ticket number;customer number;passphrase;serial number;safe code;reference;room key;meeting id;token;username;account number".split(";")
PLACENAME = "park;main hall;library;garden;kitchen;conference room;town hall;cafeteria;gym;school;church;old barn;blue room;green room;lobby;auditorium;beach house;city hall;courtyard;office;theatre;museum;tent;studio;basement;café".split(";")
PLACE_WHERE = "in the {x};on the {x};under the {x};behind the {x};next to the {x};inside the {x}".split(";")
COURSE = "maths history biology chemistry physics French music art geography drawing Spanish pottery swimming chess yoga statistics economics philosophy dance theatre".split()
TEAMNAME = "red blue green sales marketing support design research finance legal data mobile web north south".split()
TROUBLE = "the printer is broken;login does not work;the page is blank;no internet;the app crashes;my screen is black;payment failed;the door is stuck;the heating is off;email is slow;the file is missing;password rejected;the light flickers;the sync fails;wrong invoice;the site is down;the camera is offline".split(";")
COMMAND = "ls -la;git status;make test;df -h;npm install;uptime;whoami;docker ps;git pull;cargo build;python main.py;top;make clean;ls;pwd;date;ping example.com".split(";")
APP = "Calendar Maps Camera Notes Mail Photos Music Settings Calculator Spotify Clock Messages Browser Contacts Weather Chess Wallet Podcasts".split()
CARBRAND = "Toyota Ford Volvo Honda Fiat BMW Audi Mazda Tesla Skoda Seat Kia Renault Peugeot Nissan Opel Volkswagen Subaru Jeep Saab".split()
GENRE_WORD = "crime fantasy horror romance adventure science-fiction war comedy drama thriller mystery history travel".split()
SMALL = {"relation": RELATION, "shop": SHOP, "eventword": EVENTWORD, "codething": CODETHING, "placename": PLACENAME, "trouble": TROUBLE, "command": COMMAND,
         "app": APP, "carbrand": CARBRAND, "genreword": GENRE_WORD, "drinkname": W.LISTS["drink"], "sizeword": "tiny small medium large huge".split(),
         "trainstatus": "on time;delayed;cancelled;boarding;full;10 minutes late".split(";"), "orderstatus": "shipped;paid;open;cancelled;delivered;pending;in transit;on hold;returned;ready".split(";"),
         "health": "a headache;back pain;a cough;a fever;a broken arm;a sore throat;an allergy;toothache;a rash;stomach pain;dizziness".split(";"), "mood": "positive negative neutral".split(),
         "housetype": "flat;house;apartment;studio;villa;cottage;penthouse;cabin".split(";"), "prio": "high low medium urgent".split(), "onoff": ["on", "off"],
         "upstate": "online offline running stopped healthy down busy idle".split()}


class Kinds(Values):
    """Values plus the small kinds; `of` finds both."""

    def relation(self) -> str:
        r = self.rng
        return (r.choice(["", "", "", "best ", "old ", "new ", "older ", "younger "]) if r.random() < 0.4 else "") + self.pick(RELATION)

    def placephrase(self) -> str:
        where = self.rng.choice(PLACE_WHERE)
        return where.replace("{x}", self.pick(W.ROOM) if self.rng.random() < 0.3 and where.startswith("in") else self.thing())

    def coursename(self) -> str:
        return self.pick(COURSE) if self.rng.random() < 0.8 else self.pseudo(2, 3)

    def teamname(self) -> str:
        return self.pick(TEAMNAME) if self.rng.random() < 0.7 else self.pseudo(1, 2)

    def pseudoword(self) -> str:
        return self.pseudo(1, 3)

    def pseudoname(self) -> str:
        return self.pseudo(2, 3).capitalize()

    def animalname(self) -> str:
        return self.pick(W.PETNAME) if self.rng.random() < 0.6 else self.pseudo(1, 2).capitalize()

    def petphrase(self) -> str:
        return "a " + (self.rng.choice(W.LISTS["colour"]) + " " if self.rng.random() < 0.3 else "") + self.pick(W.PET)

    def plural(self) -> str:
        r = self.rng.random()
        if r < 0.4:
            return self.pick([n for n in W.NOUN if not n.endswith("s")]) + "s"
        return self.rng.choice(W.LISTS["fruit"] + W.LISTS["vegetable"]) if r < 0.8 else self.pick(W.LISTS["animal"]).replace("mouse", "hen").replace("sheep", "duck").replace("wolf", "seal").replace("fox", "cow").replace("deer", "goat") + "s"

    def seat(self) -> str:
        return f"{self.rng.choice('ABCDEF')}{self.rng.randint(1, 40)}"

    def date_md(self) -> str:
        r = self.rng
        return r.choice([f"{r.choice(W.MONTHS)} {r.randint(1, 28)}", f"{r.randint(1, 28)} {r.choice(W.MONTHS)}", self.isodate()])

    def url(self) -> str:
        r = self.rng
        host = f"{self.pseudo(1, 2)}.{r.choice(['com', 'org', 'net', 'io'])}"
        return r.choice([host, "https://" + host, "www." + host, f"https://{host}/{self.noun()}", f"{host}/{self.noun()}"])

    def path(self) -> str:
        r = self.rng
        name = f"{self.word()}.{r.choice(['txt', 'md', 'py', 'json', 'csv', 'log', 'pdf', 'yaml'])}".replace(" ", "_")
        return r.choice([name, name, f"{self.noun()}/{name}", f"/{self.noun()}/{name}", f"/home/{self.first().lower()}/{name}"])

    def semver(self) -> str:
        r = self.rng
        return r.choice(["", "", "v"]) + f"{r.randint(0, 9)}.{r.randint(0, 20)}" + (f".{r.randint(0, 9)}" if r.random() < 0.6 else "")

    def ip(self) -> str:
        return ".".join(str(self.rng.randint(1, 254)) for _ in range(4))

    def doctor(self) -> str:
        r = self.rng.random()
        return "Dr. " + self.last() if r < 0.5 else "the dentist" if r < 0.6 else self.full()

    def expr(self) -> str:
        r = self.rng
        n = lambda: str(r.randint(1, r.choice([20, 100, 999])))
        op = lambda: r.choice("+-*/")
        gap = r.choice(["", " ", " "])
        if r.random() < 0.3:
            return f"({n()}{gap}{op()}{gap}{n()}){gap}{op()}{gap}{n()}"
        return gap.join([n(), op(), n()] + ([op(), n()] if r.random() < 0.3 else []))

    def of(self, kind: str) -> tuple[str, object]:
        """Adds the small banks, lists ("list:grocery"), enums ("enum:value=word/word,...") and flags (true or false)."""
        name, _, rest = kind.partition(":")
        if name in SMALL and not hasattr(type(self), name):
            text = self.pick(SMALL[name])
            return text, text
        if name == "enum":
            value, words = self.rng.choice([o.split("=") for o in rest.split(",")])
            return self.rng.choice(words.split("/")), value
        if name == "flag":
            value, words = self.rng.choice([o.split("=") for o in rest.split(",")])
            return self.rng.choice(words.split("/")).replace("_", " "), value == "true"
        if name == "list":
            items = list(dict.fromkeys(str(self.of(rest)[1]) for _ in range(self.rng.randint(2, 4))))
            if len(items) < 2:
                return self.of(kind)
            return ", ".join(items[:-1]) + self.rng.choice([" and ", " and ", ", and "]) + items[-1], items
        return super().of(kind)
