package server

import "baraza/channels"

// ClassesWithoutWord are those that a channel may return and the runner would not understand.
func ClassesWithoutWord() (missing []channels.Class) {
	for _, c := range channels.Classes() {
		if _, ok := classes[c]; !ok {
			missing = append(missing, c)
		}
	}
	return missing
}
