package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"baraza/simulator/rounds"
)

// tester is a command of the scripts: "tester FOLDER PACK WORD…" tries a pack in a round of its own and writes the words. A
// word that begins with ! is a remark about the last message that it could hurt someone.
func tester() {
	if err := try(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func try(folder, pack string, words []string) error {
	program, _, err := compileFolder(pack)
	if err != nil {
		return err
	}
	f, err := rounds.Open(folder, rounds.Options{})
	if err != nil {
		return err
	}
	round, token, err := f.CreateRound(rounds.Round{Pack: pack, Title: "A try", Uses: 1}, "")
	if err != nil {
		return errors.Join(err, f.Close())
	}
	s, _, err := f.Begin(token, "", true, program.Hash, time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC))
	if err != nil {
		return errors.Join(err, f.Close())
	}
	talk, err := f.Talk(s, program)
	for _, word := range words {
		if err != nil {
			break
		}
		if text, harm := strings.CutPrefix(word, "!"); harm {
			var r rounds.Remark
			r, err = f.AddRemark(s.ID, rounds.Remark{Turn: talk.Session().Count, Kind: rounds.Harmful, Text: text})
			fmt.Println(s.ID, r.ID, round.ID)
			continue
		}
		_, err = talk.Write(word)
	}
	return errors.Join(err, f.Close())
}
