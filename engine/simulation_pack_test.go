package engine_test

// simulatedPack is what comes after the name of the pack.
const simulatedPack = `: Example Desk
  country
  languages en
  channels whatsapp
  start talk
  fallback talk.listen
  example

hours always

team desk: Help desk
  hours always
  answer within 1 hour
  escalate after 2 hours to lead

team lead: Lead
  hours always
  answer within 1 hour

field city: text, kept 30 days
  why: To show the offices near you.

record note, kept 30 days
  why: To answer everyone who asks about it.
  read by desk
  heard: text

service cases
  get https://api.example.org/cases/{number}
  timeout 5 seconds
  send
    number: text
  returns
    status: text

template callback_reminder, utility
  body: You asked us for a call. Is it still a good time?
  button: Yes

words person, safety
  en: person
words fraud
  en: fraud
words stop, safety
  en: stop
words delete, safety
  en: delete
`

const simulatedFlows = `flow talk: Talk

on words fraud
  anywhere

step listen
  public
  ask word as text up to 60: Write a word.
    when silent for 3 hours: Are you still there?
  say: Heard {word}.
  -> listen

flow person: Talk to a person

on words person
  anywhere

step desk
  public
  hand over to desk: Someone asks for a person
    when waiting: A person will answer you here.
    when silent for 24 hours -> end
  say: The talk with the team has ended.
  end

flow stop: No more messages

on words stop
  anywhere

step farewell
  public
  opt out
  say: We will not write to you any more.
  end

flow resume: Messages again

on message resume

step again
  public
  opt in
  say: We will write to you again.
  end

flow delete: Delete my data

on words delete
  anywhere

step gone
  public
  erase contact
  say: We delete your data now.
  end

flow status: How is my case

on message status
  anywhere

step number
  public
  ask number as text up to 20: Which number?
  fetch answer from cases with number = number
    when waiting: One moment.
    when failed
      say: That did not work.
      end
  say: It is {answer.status}.
  end

flow noting: Note

on message note
  anywhere

step write
  public
  ask heard as text up to 60: What did you hear?
  ask city as text up to 60: Where?
  save note as kept
    heard = heard
  say: Your number is {kept.reference}.
  end

flow later: Come back

on message later
  anywhere

step plan
  public
  remind in 2 days -> again
    template callback_reminder
  say: We will ask you again.
  end

step again
  public
  say: Good.
  end
`
