"""What stands before and after what people tell, change and ask. Data only."""

TELLING = ("", "", "", "", "", "", "", "hi, ", "hello, ", "by the way, ", "oh and ", "also, ", "so, ", "well, ",
            "you know, ", "one more thing: ", "just so you know, ", "remember this: ", "for your notes: ",
            "okay, ", "before I forget: ", "another thing, ", "news: ", "listen, ", "as I said, ", "hm, ", "next: ",
            "some facts: ", "to be clear, ", "attention: ", "today I can say that ", "and ")  # fmt: skip
TOLD = ("", "", "", "", "", "", "", "", " now", " these days", ", you know", ", I think", ", which is nice",
         ", so keep that in mind", ", do not forget it", ", as always", ", which was a surprise", ", for now",
         ", just for your information", ", please note it", ", okay?", ", remember that", ", got it?", " :)",
         ", in case it matters", ", please save that", ", finally", ", as of today")  # fmt: skip
ASKING = ("", "", "", "", "", "", "", "", "hey, ", "so, ", "ok, ", "quick question: ", "please tell me, ", "now, ",
           "I forgot, ", "and ", "sorry, ", "one question: ", "hm, ", "wait, ", "oh, ", "back to me: ", "by the way, ",
           "thanks. ", "good. ", "next: ", "let me ask: ", "test: ")  # fmt: skip
ASKED = (
    "",
    "",
    "",
    "",
    "",
    "",
    " Please.",
    " Thanks!",
    " I forgot.",
    " Thank you.",
    " Just checking.",
)
CHANGES = ("actually, ", "correction: ", "sorry, that was wrong, ", "update: ", "wait, ", "change of plan, ",
            "it changed: ", "new information: ", "no, ", "I was wrong, ", "now it's different: ", "small update, ",
            "things changed: ", "I have to correct myself: ", "forget the old one, ", "since yesterday ")  # fmt: skip
AND = (". ", ". ", ", and ", " and ", ", ", "; ", "\n", ". Also, ", ". And ")
LISTS = (
    "some facts",
    "a few things",
    "here is what you should know",
    "please note",
    "facts",
    "about me",
    "notes",
)

ABOUT = (
    "[tell me about|explain|what about|help with|info about|I have a question about|I need help with|what do you know about|can you explain|say something about|how does it work with|anything about|something about] {t}[?|]",
    "{t}[?|]",
)  # fmt: skip
BEFORE_GUIDE = ("", "", "", "", "", "", "hey, ", "so, ", "ok, ", "please, ", "quick question: ", "and ", "sorry, ",
           "can you tell me ", "could you tell me ", "do you know ", "I wonder ", "I'd like to know ",
           "tell me ", "please explain ", "one more question: ", "now, ")  # fmt: skip
AFTER_GUIDE = (
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    " please",
    " thanks",
    " in this app",
    " here",
    " in Llama Chat",
    " now",
)
