package lsp

import "errors"

func (s *server) prepareRename(p documentPosition) (*prepareResult, error) {
	return nil, errors.New("x")
}
func (s *server) rename(p renameParams) (*workspaceEdit, error) { return nil, nil }
