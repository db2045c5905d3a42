package lsp

import "encoding/json"

// The shapes of the Language Server Protocol that this server reads and writes, named as they are there; a field
// that it has no use for is left out.
type (
	position struct {
		Line      int `json:"line"`      // from 0
		Character int `json:"character"` // from 0, in units of the encoding that was agreed on
	}
	textRange struct {
		Start position `json:"start"`
		End   position `json:"end"`
	}
	location struct {
		URI   string    `json:"uri"`
		Range textRange `json:"range"`
	}
	documentID struct {
		URI string `json:"uri"`
	}
	documentPosition struct {
		TextDocument documentID `json:"textDocument"`
		Position     position   `json:"position"`
	}
	markup struct {
		Kind  string `json:"kind"` // "markdown"
		Value string `json:"value"`
	}
	textEdit struct {
		Range   textRange `json:"range"`
		NewText string    `json:"newText"`
	}
)

type initializeParams struct {
	RootURI          string `json:"rootUri"`
	WorkspaceFolders []struct {
		URI string `json:"uri"`
	} `json:"workspaceFolders"`
	Capabilities          capabilities `json:"capabilities"`
	InitializationOptions struct {
		// Pages is what the editor wants before the code of a problem in the address of its page.
		Pages string `json:"pages"`
	} `json:"initializationOptions"`
}

// capabilities are what an editor can do.
type capabilities struct {
	General struct {
		PositionEncodings []string `json:"positionEncodings"`
	} `json:"general"`
	Workspace struct {
		WorkspaceEdit struct {
			DocumentChanges bool `json:"documentChanges"`
		} `json:"workspaceEdit"`
		DidChangeWatchedFiles struct {
			DynamicRegistration bool `json:"dynamicRegistration"`
		} `json:"didChangeWatchedFiles"`
	} `json:"workspace"`
	TextDocument struct {
		Completion struct {
			CompletionItem struct {
				SnippetSupport bool `json:"snippetSupport"`
			} `json:"completionItem"`
		} `json:"completion"`
	} `json:"textDocument"`
}

type (
	openParams struct {
		TextDocument struct {
			URI     string `json:"uri"`
			Version int    `json:"version"`
			Text    string `json:"text"`
		} `json:"textDocument"`
	}
	changeParams struct {
		TextDocument struct {
			URI     string `json:"uri"`
			Version int    `json:"version"`
		} `json:"textDocument"`
		ContentChanges []contentChange `json:"contentChanges"`
	}
	// contentChange without a range is the whole text.
	contentChange struct {
		Range *textRange `json:"range"`
		Text  string     `json:"text"`
	}
	closeParams struct {
		TextDocument documentID `json:"textDocument"`
	}
	watchedParams struct {
		Changes []struct {
			URI  string `json:"uri"`
			Type int    `json:"type"`
		} `json:"changes"`
	}
	foldersParams struct {
		Event struct {
			Added   []documentID `json:"added"`
			Removed []documentID `json:"removed"`
		} `json:"event"`
	}
	cancelParams struct {
		ID json.RawMessage `json:"id"`
	}
)

type (
	publishParams struct {
		URI         string       `json:"uri"`
		Version     *int         `json:"version,omitempty"`
		Diagnostics []diagnostic `json:"diagnostics"`
	}
	diagnostic struct {
		Range           textRange        `json:"range"`
		Severity        int              `json:"severity"`
		Code            string           `json:"code,omitempty"`
		CodeDescription *codeDescription `json:"codeDescription,omitempty"`
		Source          string           `json:"source"`
		Message         string           `json:"message"`
		Tags            []int            `json:"tags,omitempty"`
		Related         []related        `json:"relatedInformation,omitempty"`
	}
	codeDescription struct {
		Href string `json:"href"`
	}
	related struct {
		Location location `json:"location"`
		Message  string   `json:"message"`
	}
)

// Severities of diagnostics and the tag of what nobody needs.
const (
	severityError       = 1
	severityWarning     = 2
	severityInformation = 3
	tagUnnecessary      = 1
)

type (
	completionList struct {
		IsIncomplete bool             `json:"isIncomplete"`
		Items        []completionItem `json:"items"`
	}
	completionItem struct {
		Label         string    `json:"label"`
		Kind          int       `json:"kind,omitempty"`
		Detail        string    `json:"detail,omitempty"`
		Documentation *markup   `json:"documentation,omitempty"`
		SortText      string    `json:"sortText,omitempty"`
		FilterText    string    `json:"filterText,omitempty"`
		Format        int       `json:"insertTextFormat,omitempty"` // 2: a snippet
		TextEdit      *textEdit `json:"textEdit,omitempty"`
	}
)

type hoverResult struct {
	Contents markup     `json:"contents"`
	Range    *textRange `json:"range,omitempty"`
}

type referenceParams struct {
	documentPosition
	Context struct {
		IncludeDeclaration bool `json:"includeDeclaration"`
	} `json:"context"`
}

type highlight struct {
	Range textRange `json:"range"`
	Kind  int       `json:"kind"` // 2: it is read, 3: it is written
}

type (
	renameParams struct {
		documentPosition
		NewName string `json:"newName"`
	}
	prepareResult struct {
		Range       textRange `json:"range"`
		Placeholder string    `json:"placeholder"`
	}
	workspaceEdit struct {
		Changes         map[string][]textEdit `json:"changes,omitempty"`
		DocumentChanges []documentEdit        `json:"documentChanges,omitempty"`
	}
	documentEdit struct {
		TextDocument versionedID `json:"textDocument"`
		Edits        []textEdit  `json:"edits"`
	}
	// versionedID has no version where the file is not open.
	versionedID struct {
		URI     string `json:"uri"`
		Version *int   `json:"version"`
	}
)

type (
	documentSymbol struct {
		Name           string           `json:"name"`
		Detail         string           `json:"detail,omitempty"`
		Kind           int              `json:"kind"`
		Range          textRange        `json:"range"`
		SelectionRange textRange        `json:"selectionRange"`
		Children       []documentSymbol `json:"children,omitempty"`
	}
	symbolInformation struct {
		Name      string   `json:"name"`
		Kind      int      `json:"kind"`
		Location  location `json:"location"`
		Container string   `json:"containerName,omitempty"`
	}
	queryParams struct {
		Query string `json:"query"`
	}
)

type (
	codeActionParams struct {
		TextDocument documentID `json:"textDocument"`
		Range        textRange  `json:"range"`
		Context      struct {
			Only []string `json:"only"`
		} `json:"context"`
	}
	codeAction struct {
		Title       string         `json:"title"`
		Kind        string         `json:"kind"`
		Diagnostics []diagnostic   `json:"diagnostics,omitempty"`
		IsPreferred bool           `json:"isPreferred,omitempty"`
		Edit        *workspaceEdit `json:"edit"`
	}
)

type foldingRange struct {
	StartLine int    `json:"startLine"`
	EndLine   int    `json:"endLine"`
	Kind      string `json:"kind,omitempty"`
}

type semanticTokens struct {
	Data []uint32 `json:"data"`
}

type explainParams struct {
	Code string `json:"code"`
}

type messageParams struct {
	Type    int    `json:"type"` // 3: information
	Message string `json:"message"`
}

// Codes of errors beside those of JSON-RPC.
const (
	codeNotInitialized = -32002
	codeFailed         = -32803 // a request that was understood and cannot be done; its message is for the person
	codeCancelled      = -32800
)

// Kinds of completion items and of symbols.
const (
	itemFunction = 3
	itemVariable = 6
	itemClass    = 7
	itemModule   = 9
	itemProperty = 10
	itemValue    = 12
	itemKeyword  = 14
	itemSnippet  = 15
	itemFile     = 17
	itemStep     = 23 // "event"
	itemConstant = 21

	symbolModule   = 2
	symbolClass    = 5
	symbolMethod   = 6
	symbolProperty = 7
	symbolField    = 8
	symbolFunction = 12
	symbolVariable = 13
	symbolConstant = 14
	symbolEnum     = 10
	symbolStruct   = 23
	symbolEvent    = 24
	symbolItem     = 22 // "enum member"
)
