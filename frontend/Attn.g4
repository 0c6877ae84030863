//===- Attn.g4 - Grammar of the attnc language ----------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The grammar of docs/language.md. Between lexer and parser, LineJoiner
// (TokenFilter.cpp) decides which line ends matter: the parser sees exactly one
// NEWLINE or ';' after each declaration and statement, one before a '}' too.
//
// Every decision needs one token of lookahead only, so an error is always
// found at the token that is wrong; keep it so. Errors are worded in
// SyntaxErrorText.cpp by rule and expected token; a new rule needs its words
// there, and a new word a place in the list of reserved words.
//
//===----------------------------------------------------------------------===//

grammar Attn;

// Words only where they follow an argument, names elsewhere: LineJoiner tells.
tokens { For, In }

file : declaration* EOF ;

// An error skips to the next declaration.
declaration : ( importDecl | ruleDecl | fnDecl | layerDecl ) end ;

importDecl : 'import' STRING ;

// The first group holds parameters if there is a second, indices otherwise.
ruleDecl : kind=( 'mask' | 'score' ) NAME ruleGroup ruleGroup? '=' expression ;

ruleGroup : '(' ruleParam ( ',' ruleParam )* ')' ;

ruleParam : NAME ( ':' type )? ;

fnDecl : 'entry'? 'fn' NAME params ( '->' result )? ( block | '=' expression ) ;

params : '(' ( param ( ',' param )* )? ')' ;

param : paramName ':' ( type | 'mask' | 'score' ) defaultValue? ;

paramName : NAME | 'mask' | 'score' ;

defaultValue : '=' expression ;

result
  : type
  | '(' resultItem ( ',' resultItem )* ')'
  ;

resultItem : ( NAME ':' )? type ;

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

layerDecl : kind=( 'layer' | 'model' ) NAME layerParams? layerBody ;

layerParams : '(' ( layerParam ( ',' layerParam )* )? ')' ;

// Without a type: a size.
layerParam : paramName ( ':' ( type | 'mask' | 'score' ) )? defaultValue? ;

layerBody : '{' member* '}' ;

// An error skips to the next member.
member : ( fnDecl | field ) end ;

field : NAME ':' ( type | sublayer ) ;

sublayer : ( 'repeat' count )? NAME arguments ;

count : INT | NAME | '(' dim ')' ;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

type : dtype dims? ;

dims : '[' dim ( ',' dim )* ']' ;

dtype : 'f16' | 'bf16' | 'f32' | 'f64' | 'i32' | 'i64' | 'bool' ;

dim
  : dim op=( '*' | '/' | 'div' | '%' ) dim  # dimMultiply
  | dim op=( '+' | '-' ) dim                # dimAdd
  | '(' dim ')'                             # dimGroup
  | INT                                     # dimInt
  | NAME                                    # dimName
  ;

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

// That the last statement, and no other, is an expression is checked when the
// tree is built, where the message can be a better one.
block : '{' statement* '}' ;

// An error skips to the next statement.
statement : ( let | expression ) end ;

let : 'let' NAME ( ',' NAME )* ( ':' type )? '=' expression ;

end : NEWLINE | ';' ;

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

expression : conditional | operation ;

conditional : 'if' expression block 'else' ( block | conditional ) ;

// Alternatives that come first bind tightest.
operation
  : operation arguments                                             # call
  | operation indices                                               # index
  | operation '.' NAME                                              # memberOf
  | operation '\''                                                  # transpose
  | <assoc=right> operation '^' operation                           # power
  | '-' operation                                                   # negate
  | operation op=( '*' | '/' | 'div' | '%' | '@' ) operation        # multiply
  | operation op=( '+' | '-' ) operation                            # add
  | operation op=( '==' | '!=' | '<' | '<=' | '>' | '>=' ) operation # compare
  | 'not' operation                                                 # not
  | operation 'and' operation                                       # and
  | operation 'or' operation                                        # or
  | group                                                           # grouped
  | cast                                                            # converted
  | INT                                                             # int
  | ( FLOAT | 'inf' | 'pi' )                                        # float
  | ( 'true' | 'false' )                                            # bool
  | ( NAME | 'mask' | 'score' )                                     # name
  ;

// One expression in parentheses, or a tuple.
group : '(' expression ( ',' expression )* ')' ;

cast : dtype '(' expression ')' ;

arguments : '(' ( argument ( ',' argument )* )? ')' ;

// A name before ':' is read as an expression and checked when the tree is
// built: telling the two apart here would take a second token of lookahead.
argument : expression ( ':' expression | over )? ;

// An index and how far it runs: `sum(x[a] for a in A)`.
over : For NAME In expression ;

indices : '[' expression ( ',' expression )* ']' ;

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

And : 'and' ;
As : 'as' ;
Bf16 : 'bf16' ;
Bool : 'bool' ;
Div : 'div' ;
Else : 'else' ;
Entry : 'entry' ;
F16 : 'f16' ;
F32 : 'f32' ;
F64 : 'f64' ;
False : 'false' ;
Fn : 'fn' ;
I32 : 'i32' ;
I64 : 'i64' ;
If : 'if' ;
Import : 'import' ;
Inf : 'inf' ;
Layer : 'layer' ;
Let : 'let' ;
Mask : 'mask' ;
Model : 'model' ;
Not : 'not' ;
Or : 'or' ;
Pi : 'pi' ;
Repeat : 'repeat' ;
Score : 'score' ;
True : 'true' ;

OpenParen : '(' ;
CloseParen : ')' ;
OpenBracket : '[' ;
CloseBracket : ']' ;
OpenBrace : '{' ;
CloseBrace : '}' ;
Comma : ',' ;
Colon : ':' ;
Semicolon : ';' ;
Equal : '=' ;
Arrow : '->' ;
EqualEqual : '==' ;
NotEqual : '!=' ;
Less : '<' ;
LessEqual : '<=' ;
Greater : '>' ;
GreaterEqual : '>=' ;
Plus : '+' ;
Minus : '-' ;
Star : '*' ;
Slash : '/' ;
Percent : '%' ;
At : '@' ;
Caret : '^' ;
Prime : '\'' ;
Dot : '.' ;

NAME : [A-Za-z_] [A-Za-z0-9_]* ;
INT : [0-9]+ ;
FLOAT : [0-9]+ ( '.' [0-9]+ EXPONENT? | EXPONENT ) ;
fragment EXPONENT : [eE] [+-]? [0-9]+ ;
STRING : '"' ~["\r\n]* '"' ;

NEWLINE : '\r'? '\n' | '\r' ;
COMMENT : '//' ~[\r\n]* ;
SPACE : [ \t\f\u000B]+ -> skip ;

// Tokens that no rule takes: each becomes one error where it stands.
BAD_NUMBER
  : [0-9]+ '.'? [A-Za-z0-9_.]*
  | '.' [0-9] [A-Za-z0-9_.]*
  ;
UNCLOSED_STRING : '"' ~["\r\n]* ;
STRAY : . ;
