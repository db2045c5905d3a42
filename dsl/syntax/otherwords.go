package syntax

// otherWords are what people write who know another language, and which lines of ours do the same; the first that
// can stand at the place is meant.
var otherWords = map[string]string{
	"elseif": "else if", "elif": "else if", "elsif": "else if", "otherwise": "else|when not understood",
	"sino": "else", "si": "if", "unless": "if", "case": "if", "switch": "if",
	"goto": "->", "go": "->", "go to": "->", "jump": "->", "redirect": "->", "ir": "->", "next": "->", "continue": "->", "back": "->", "gosub": "call",
	"print": "say", "send": "say", "message": "say", "msg": "say", "tell": "say", "reply": "say", "write": "say", "output": "say", "bot": "say",
	"decir": "say", "di": "say", "dile": "say", "dire": "say", "speak": "say", "show": "say", "display": "say", "echo": "say",
	"question": "ask", "pregunta": "ask", "preguntar": "ask", "input": "ask", "prompt": "ask", "menu": "ask", "choose": "ask",
	"choice": "-", "option": "-", "options": "-", "opción": "-", "opciones": "-", "button": "-", "buttons": "-", "answer": "-", "answers": "-",
	"fin": "end", "exit": "end", "finish": "end", "quit": "end", "stop": "end", "halt": "end", "terminar": "end",
	"let": "set", "var": "set", "variable": "set", "assign": "set", "put": "set", "store": "save", "guardar": "save",
	"foreach": "for each", "for": "for each", "while": "for each", "loop": "for each", "repeat": "for each", "para": "for each",
	"pause": "wait", "sleep": "wait", "delay": "wait", "transfer": "hand over to", "handover": "hand over to", "escalate": "hand over to", "agent": "hand over to",
	"consent": "need consent", "require": "need consent", "notify": "alert", "request": "fetch", "http": "fetch", "import": "use", "include": "use",
	"state": "step", "node": "step", "block": "step", "paso": "step", "screen": "step", "page": "step", "section": "step", "label": "step",
	"flujo": "flow", "bloque": "step", "dialog": "flow", "dialogue": "flow", "story": "flow", "intent": "on message", "trigger": "on message",
	"unsubscribe": "opt out", "default": "when not understood", "else": "when not understood", "timeout": "when silent", "error": "when failed",
	"hint": "about", "description": "about", "synonyms": "also", "synonym": "also", "alias": "also", "aliases": "also", "condition": "only if",
	"user": "person", "contact": "person", "assert": "expect", "link": "say link", "url": "say link", "wait": "after",
}

// blockEnds are what ends a block in other languages; here the indentation does.
var blockEnds = map[string]bool{"endif": true, "endfor": true, "endwhile": true, "fi": true, "done": true, "}": true, "endstep": true}

// otherTypes are names of types in other languages.
var otherTypes = map[string]string{
	"string": "text", "str": "text", "char": "text", "word": "text", "integer": "number", "int": "number", "float": "number", "decimal": "number",
	"bool": "yes or no", "boolean": "yes or no", "yesno": "yes or no", "datetime": "date", "day": "date", "hour": "time", "telephone": "phone", "mobile": "phone",
	"mail": "email", "photo": "image", "picture": "image", "sound": "audio", "voice": "audio", "file": "document", "pdf": "document", "place": "location", "gps": "location",
}

// otherUnits are short forms of the units of time.
var otherUnits = map[string]string{
	"s": "seconds", "sec": "seconds", "secs": "seconds", "min": "minutes", "mins": "minutes", "m": "minutes", "h": "hours", "hr": "hours", "hrs": "hours",
	"d": "days", "w": "weeks", "wk": "weeks", "wks": "weeks", "y": "years", "yr": "years", "yrs": "years",
}

// commentSigns are what begins a comment in other languages.
var commentSigns = []string{"//", "/*", "<!--", "--", ";", "%"}
