"""Word banks: the values that conversations are about. Every tenth or so is held out for evaluation."""

FIRST = """Ada Adam Agnes Aisha Alan Alba Alex Alice Alina Amara Amir Amy Ana Andre Angela Anika Anna Anton Aria Arjun Arthur Astrid
Ava Barbara Beatrice Ben Bianca Bilal Bob Boris Brenda Brian Bruno Callum Camila Carl Carla Carlos Carmen Caroline Cedric Celine Charles
Charlotte Chen Chiara Chloe Chris Clara Claire Cleo Colin Connor Cora Cyrus Daisy Dan Daniel Dara David Dean Deborah Denis Diana Diego
Dmitri Dora Dylan Edgar Edith Edward Elena Eli Elias Elif Elise Ella Ellen Elsa Emil Emily Emma Eric Erika Esther Ethan Eva Evan Fatima
Felix Fiona Flora Frank Frida Gabriel Gavin George Georgia Gina Grace Greta Guido Gustav Hadi Hana Hannah Harry Hassan Hazel Hector Heidi
Helen Henry Hugo Ian Ibrahim Ida Igor Ilona Ines Ingrid Iris Isaac Isabel Ivan Ivy Jack Jacob Jade Jakub James Jamila Jan Jane Jasmine
Jason Jean Jenna Jens Joan Joel John Jonas Jorge Josef Julia Julian June Kai Karim Karin Kate Keiko Kenji Kevin Khalid Kim Kira Klaus
Lara Lars Laura Leila Lena Leo Leon Liam Lila Lily Linda Lisa Liu Logan Lola Lorenzo Louis Lucas Lucia Luis Luna Lydia Maja Malik Marco
Maria Marie Marta Martin Mary Mateo Maya Mei Mia Michael Miguel Mila Milan Mina Miriam Mohamed Mona Monica Nadia Naomi Natalia Nathan
Nia Nick Nico Nina Noah Nora Olaf Olga Oliver Olivia Omar Oscar Owen Pablo Paola Patrick Paul Paula Pedro Peter Petra Philip Pia Priya
Quinn Rachel Rafael Rahul Ralph Rania Raul Rebecca Rita Robert Robin Rohan Rosa Rose Ruth Ryan Salma Sam Samira Samuel Sandra Sara Sean
Selma Sergei Simon Sofia Sonia Stefan Stella Sven Tamara Tara Teresa Theo Thomas Tim Tina Tobias Tom Tomas Uma Ursula Valeria Vera
Victor Viktor Vincent Viola Walter Wanda Wendy William Xenia Yara Yasmin Yuki Yusuf Zara Zoe Zofia Jo Max Ken Ron Ted Lee Sue Ali
Fred Nate Abby Gus Ruby Pearl Opal Basil Hamid Noor Anders Mika Soren Bjorn Freya Signe Tariq Layla José Zoë René Søren Jürgen Chloë Łukasz Inès Çelik Kofi Ama Chidi Ngozi Tunde Zainab""".split()

LAST = """Abbott Adams Ahmed Alonso Andersen Baker Banks Barros Bauer Becker Bell Bennett Berg Bianchi Black Blake Bosch Brown Burke Campbell
Carter Castro Chan Chen Clark Cohen Cole Collins Cooper Costa Cruz Dahl Davies Diaz Dubois Dunn Eriksen Evans Farrell Ferrari Fischer
Fletcher Fontana Ford Foster Fuchs Garcia Gomez Gray Green Gruber Hall Hansen Harris Hassan Hayes Hill Hoffmann Holm Hughes Ibsen Ito
Jackson Jansen Johnson Jones Kaya Keller Kelly Khan King Klein Kovacs Kowalski Kumar Lambert Lang Larsen Lee Lewis Lind Lopez Lund Marino
Martin Mendes Meyer Miller Mitchell Moore Morales Moretti Morgan Murphy Nakamura Nelson Nguyen Novak Nunes Okafor Olsen Ortiz Owens Park
Patel Perez Petrov Popov Price Quinn Rahman Ramos Reed Reyes Ricci Rivera Roberts Rossi Roth Russo Salim Santos Sato Schmidt Schulz Scott
Shah Silva Singh Smith Soto Stone Suzuki Svensson Tanaka Taylor Thomas Torres Tran Turner Vargas Vega Vogel Walker Wang Weber White
Williams Wilson Winter Wolf Wong Wood Wright Yamada Yilmaz Young Zhang Zimmer""".split()

CITY = """Aberdeen;Accra;Adelaide;Algiers;Amman;Amsterdam;Ankara;Antwerp;Athens;Atlanta;Auckland;Austin;Baghdad;Baku;Baltimore;Bamako;
Bangkok;Barcelona;Basel;Beijing;Beirut;Belfast;Belgrade;Bergen;Berlin;Bern;Bilbao;Birmingham;Bogota;Bologna;Bordeaux;Boston;Bratislava;
Brasilia;Bremen;Brighton;Brisbane;Bristol;Brussels;Bucharest;Budapest;Buenos Aires;Cairo;Calgary;Cape Town;Caracas;Cardiff;Casablanca;
Chicago;Cologne;Copenhagen;Cordoba;Cork;Dakar;Dallas;Damascus;Delhi;Denver;Detroit;Dhaka;Doha;Dresden;Dubai;Dublin;Durban;Edinburgh;
Florence;Frankfurt;Galway;Gdansk;Geneva;Genoa;Ghent;Glasgow;Gothenburg;Granada;Graz;Grenoble;Hamburg;Hanoi;Havana;Helsinki;Hong Kong;
Houston;Innsbruck;Islamabad;Istanbul;Jakarta;Jerusalem;Johannesburg;Kabul;Kampala;Karachi;Kathmandu;Kigali;Kingston;Krakow;Kyiv;Kyoto;
La Paz;Lagos;Lahore;Las Vegas;Leeds;Leipzig;Lima;Lisbon;Liverpool;Ljubljana;London;Los Angeles;Luanda;Lusaka;Lyon;Madrid;Malaga;Manchester;
Manila;Marseille;Melbourne;Memphis;Mexico City;Miami;Milan;Minsk;Monaco;Montreal;Moscow;Mumbai;Munich;Nairobi;Nantes;Naples;Nashville;New York;
New Delhi;Nice;Osaka;Oslo;Ottawa;Oxford;Palermo;Panama City;Paris;Perth;Philadelphia;Phoenix;Pisa;Porto;Portland;Prague;Quebec;Quito;
Rabat;Reykjavik;Riga;Rio de Janeiro;Rome;Rotterdam;Salzburg;San Diego;San Francisco;Santiago;Sao Paulo;Sapporo;Sarajevo;Seattle;Seoul;
Seville;Shanghai;Singapore;Skopje;Sofia;Stockholm;Stuttgart;Sydney;Taipei;Tallinn;Tampa;Tbilisi;Tehran;Tel Aviv;Tirana;Tokyo;Toronto;
Toulouse;Tripoli;Tunis;Turin;Utrecht;Valencia;Vancouver;Venice;Verona;Vienna;Vilnius;Warsaw;Washington;Wellington;Yerevan;York;Zagreb;Zurich;Málaga;Zürich;Köln;São Paulo;Kraków;Malmö;Tromsø;Bogotá;Besançon""".replace("\n", "").split(";")

COUNTRY = """Argentina;Australia;Austria;Bangladesh;Belgium;Bolivia;Brazil;Bulgaria;Cambodia;Canada;Chile;China;Colombia;Croatia;Cuba;Cyprus;
Denmark;Ecuador;Egypt;England;Estonia;Ethiopia;Finland;France;Georgia;Germany;Ghana;Greece;Hungary;Iceland;India;Indonesia;Iran;Iraq;Ireland;
Israel;Italy;Jamaica;Japan;Jordan;Kenya;Latvia;Lebanon;Lithuania;Malaysia;Malta;Mexico;Morocco;Nepal;Netherlands;New Zealand;Nigeria;Norway;
Pakistan;Panama;Peru;Poland;Portugal;Romania;Scotland;Senegal;Serbia;Slovakia;Slovenia;South Africa;South Korea;Spain;Sudan;Sweden;
Switzerland;Syria;Tanzania;Thailand;Tunisia;Turkey;Uganda;Ukraine;Uruguay;Vietnam;Wales;Zambia""".replace("\n", "").split(";")

LISTS = {
    "fruit": "apples bananas oranges pears grapes cherries plums peaches mangoes lemons limes kiwis melons figs dates strawberries blueberries".split(),
    "vegetable": "carrots potatoes onions tomatoes cucumbers peppers peas beans spinach broccoli cabbage leeks radishes beets celery corn garlic".split(),
    "animal": "dog cat horse cow sheep goat pig lion tiger bear wolf fox rabbit mouse elephant giraffe zebra monkey camel deer otter".split(),
    "bird": "eagle owl robin sparrow crow swan duck goose parrot penguin pigeon hawk".split(),
    "colour": "red blue green yellow orange purple black white pink brown grey".split(),
    "drink": "water tea coffee milk juice lemonade cocoa cider".split(),
    "sport": "football tennis basketball swimming running cycling hockey golf rugby volleyball skiing".split(),
    "instrument": "piano guitar violin drums flute trumpet cello harp saxophone clarinet".split(),
    "country": "France Italy Spain Japan Brazil Canada Germany India Kenya Norway Peru Egypt".split(),
    "city": "Paris London Rome Tokyo Berlin Madrid Cairo Oslo Lima Delhi Vienna Dublin".split(),
    "flower": "rose tulip daisy lily sunflower violet orchid daffodil".split(),
    "tree": "oak pine birch maple willow elm cedar beech".split(),
    "planet": "Mercury Venus Earth Mars Jupiter Saturn Uranus Neptune".split(),
    "vehicle": "car bus train bicycle truck boat plane tram van".split(),
    "tool": "hammer saw drill wrench pliers screwdriver".split(),
    "shape": "circle square triangle rectangle oval star".split(),
    "metal": "iron gold silver copper tin zinc lead".split(),
    "job": "teacher doctor nurse baker farmer pilot lawyer painter engineer".split(),
    "language": "English Spanish French German Italian Arabic Hindi Japanese Portuguese".split(),
    "piece of furniture": "table chair bed sofa desk shelf wardrobe".split(),
    "piece of clothing": "shirt coat hat scarf dress jacket socks trousers".split(),
    "body part": "head arm leg hand foot nose ear eye".split(),
    "insect": "ant bee fly beetle moth wasp cricket".split(),
    "fish": "salmon tuna trout cod herring carp".split(),
}

NOUN = """apple anchor atlas badge bag ball balloon banana basket battery bean bell belt bench bicycle blanket boat book bottle bowl box bracelet
brick bridge broom brush bucket button cable cake camera candle canoe cap card carpet carrot cart castle chain chair cheese chest clock cloud
coat coin comb compass cookie cork crate crown cup curtain cushion desk diamond dish door drawer dress drum ear egg engine envelope eraser
fan feather fence flag flask flower flute fork fountain frame garden gate gem glass globe glove guitar hammer handle hat helmet hook horn
house igloo ink iron island jacket jar jewel jug kettle key kite knife ladder lamp lantern leaf lemon lens letter lever lid lock lunchbox
magnet map marble mask mat medal melon microphone mirror mitten mop mug napkin necklace needle nest net notebook oar onion orange oven paddle
page paint pan panel paper parcel pearl pen pencil piano pillow pin pipe plate plum pocket pot potato printer pumpkin purse puzzle quilt
radio raft rake ribbon ring robe robot rocket rope rug ruler saddle sail sandal saw scarf scissors screw shell shield ship shirt shoe
shovel sink skate sled slipper soap sock sofa spade speaker sponge spoon stamp star stone stool stove suitcase sweater sword table tank tape
teapot telescope tent thread ticket tile toaster torch towel tower toy train tray tree truck trumpet tunnel turtle umbrella vase vest violin
wagon wallet watch wheel whistle window wing wire wrench yacht zipper""".split()

ADJ = """red blue green yellow black white small large big tiny old new heavy light round square wooden metal plastic golden silver broken clean
dirty soft hard warm cold long short wide narrow fast slow bright dark quiet loud cheap simple fresh dry wet smooth rough sharp flat thick thin
empty full pretty brave calm clever eager gentle happy honest kind lazy lucky proud shy silly wise""".split()

VERB = """walk run jump sing read write draw cook bake clean fix build paint plant drive ride swim climb learn teach play dance open close push pull
lift carry throw catch buy sell send call visit travel rest sleep wait watch listen talk laugh smile count find hide share save""".split()

FOOD = """pizza;pasta;sushi;ramen;soup;salad;lentil soup;pancakes;chicken curry;fried rice;apple pie;burger;tacos;lasagna;omelette;risotto;paella;
goulash;falafel;dumplings;noodles;steak;grilled cheese;banana bread;fish and chips;tomato soup;vegetable stew;chocolate cake;carrot cake;
caesar salad;margherita;spring rolls;pad thai;moussaka;quiche;waffles;porridge;hummus;beef stew;mushroom soup;sandwich;burrito;cheesecake""".replace("\n", "").split(";")

GROCERY = """milk;eggs;bread;butter;cheese;rice;flour;sugar;salt;olive oil;tomatoes;onions;potatoes;apples;bananas;chicken;yogurt;coffee;tea;honey;
oats;beans;carrots;lemons;garlic;spinach;tofu;paper towels;soap;toothpaste;batteries;pasta;cereal;orange juice;cat food;light bulbs;ham;
mushrooms;shampoo;almonds;vinegar;cream""".replace("\n", "").split(";")

PRODUCT = """laptop;phone case;headphones;desk lamp;running shoes;backpack;water bottle;keyboard;coffee maker;monitor;office chair;raincoat;blender;
camera;tent;sleeping bag;notebook;winter jacket;toaster;mouse pad;bookshelf;guitar strings;yoga mat;bike helmet;vacuum cleaner;smart watch;
tablet;printer;router;microphone;sunglasses;hiking boots;frying pan;electric kettle;t-shirt;board game;puzzle;wallet;umbrella;mirror;
USB cable;wool scarf;garden hose;pillow;travel mug;hard drive;screen protector;leather belt;alarm clock;toolbox""".replace("\n", "").split(";")

ARTIST = """Queen;Adele;Miles Davis;Mozart;Bach;Nina Simone;Daft Punk;Radiohead;The Beatles;Bob Marley;Beyonce;Coldplay;Abba;David Bowie;Chopin;
Elvis Presley;Fleetwood Mac;Pink Floyd;Madonna;Prince;Rihanna;Shakira;Taylor Swift;U2;Vivaldi;Bjork;Kraftwerk;Blur;Oasis;Nirvana;Stevie Wonder""".replace("\n", "").split(";")

TITLE_A = "Silent Golden Broken Midnight Summer Winter Crystal Lost Hidden Purple Distant Electric Paper Velvet Wild Burning Blue Last First Secret Quiet Iron Little Dancing Falling Empty Northern Green".split()
TITLE_B = "River Dream Garden Sky Heart Road Mirror Ocean Fire Letter Rain Moon Shadow Forest Light Morning Star Train City Bird Island Wave Story Window Mountain Song Harbor Door Night Clock".split()

TOPIC = """machine learning;space travel;the Roman empire;solar panels;black holes;gardening;chess openings;jazz history;electric cars;climate change;
vaccines;football results;house prices;quantum computers;volcanoes;ancient Egypt;bread baking;yoga;whales;bitcoin;photography;robotics;
healthy breakfast;tax rules;train strikes;coral reefs;the stock market;dinosaurs;data privacy;renewable energy;tropical storms;opera;
knitting patterns;dog training;mountain bikes;coffee beans;modern art;world records;bird migration;tea ceremonies""".replace("\n", "").split(";")

TASK = """call the dentist;water the plants;buy milk;pay the rent;feed the cat;send the report;pick up the kids;book the hotel;clean the kitchen;walk the dog;
take my medicine;renew my passport;call mom;finish the essay;return the books;check the oven;back up my files;wash the car;email Peter;
charge my phone;take out the trash;submit the form;practice piano;stretch;buy a birthday gift;print the tickets;review the budget;order pizza;
cancel the subscription;go to the gym;fix the bike;lock the door;turn off the stove;iron my shirt;sign the contract;update the website""".replace("\n", "").split(";")

EVENT = """team meeting;dentist appointment;lunch with Anna;project review;birthday party;yoga class;job interview;board meeting;coffee with Sam;
parent evening;piano lesson;doctor visit;budget call;training session;dinner;product demo;book club;staff lunch;workshop;concert;haircut;
design review;sales call;town hall;swimming lesson;kickoff;retrospective;weekly sync;house viewing;car service""".replace("\n", "").split(";")

LANGUAGE = "French Spanish German Italian Japanese Portuguese Dutch Russian Arabic Chinese Korean Turkish Polish Swedish Greek Hindi Danish Finnish Czech Norwegian Hungarian Hebrew Thai Vietnamese".split()
PHRASE = """good morning;thank you;where is the station;how much is it;see you tomorrow;I am hungry;happy birthday;nice to meet you;one coffee please;
I am lost;good night;what time is it;I love you;the bill please;welcome home;no problem;have a nice day;I need a doctor;where do you live;
the cat is asleep;my name is Anna;it is raining;open the window;excuse me;safe travels""".replace("\n", "").split(";")
MESSAGE = """I'm running late;see you at noon;the meeting is cancelled;happy birthday;dinner is ready;call me back;I got the tickets;thanks for your help;
the package arrived;don't forget the keys;I'm on my way;good luck today;the report is done;we won;the train is delayed;bring an umbrella;
lunch is at one;I'll be home soon;the code is ready;please review the draft;the dog is fine;let's meet on Friday;I found your book;all good here""".replace("\n", "").split(";")
ROOM = "kitchen;bedroom;living room;bathroom;office;hallway;garage;basement;dining room;garden;attic;nursery;study;balcony;guest room;hall".split(";")
DEVICE = "lamp;heater;fan;TV;radio;coffee machine;air conditioner;ceiling light;speaker;dishwasher;sprinkler;humidifier;oven;printer;router;porch light".split(";")
COMPANY_SUFFIX = "Ltd;Inc;GmbH;Labs;Group;Foods;Motors;Systems;Press;Media;Bank;Energy".split(";")
TICKER = "AAPL MSFT GOOG AMZN TSLA NVDA META IBM INTC ORCL SAP NFLX DIS KO PEP NKE SONY BMW SHEL HSBC AMD UBER SHOP ADBE CSCO".split()
CURRENCY = "USD EUR GBP JPY CHF CAD AUD SEK NOK DKK PLN INR CNY BRL MXN".split()
JOB = """teacher;nurse;engineer;baker;carpenter;lawyer;pilot;designer;plumber;chef;farmer;journalist;photographer;architect;dentist;electrician;
accountant;librarian;musician;painter;waiter;driver;programmer;biologist;translator;gardener;tailor;mechanic;doctor;writer;florist;vet""".replace("\n", "").split(";")
HOBBY = "chess;hiking;painting;fishing;dancing;cycling;photography;cooking;gardening;reading;swimming;surfing;knitting;skiing;tennis;singing;running;sailing;yoga;pottery".split(";")
PET = "dog cat rabbit parrot hamster goldfish turtle horse pony lizard canary".split()
PETNAME = "Rex Luna Milo Bella Coco Max Simba Daisy Rocky Nala Biscuit Pepper Ziggy Shadow Ginger Oreo Mochi Felix Pixie Bruno Waffles Tofu Hazel Smokey Pumpkin Ollie Pip Maple Dash Noodle".split()
GENRE = "jazz rock pop classical blues folk techno reggae metal soul disco country".split()
CUISINE = "Italian Thai Indian Mexican Japanese Chinese Greek French Spanish Turkish Lebanese Korean Vietnamese Ethiopian".split()
MATERIAL = "wood steel glass cotton leather silver gold plastic paper stone brass copper wool silk clay rubber".split()
WEATHER = "sunny cloudy rainy snowy windy foggy stormy clear overcast".split()
MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
