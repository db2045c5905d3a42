// Package engine runs a compiled program for one contact: Step is a function of program, session and event.
package engine
